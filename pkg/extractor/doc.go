// Package extractor walks a resource's listing, page by page, and says how far the walk can be trusted.
//
// An [Extractor] is made of one resource of the configuration. [Extractor.Walk] begins a walk at a [Position], and each
// [Walk.Next] asks for one page and cuts it into records, which are views of the page's bytes:
//
//	walk := x.Walk(extractor.Position{}, extractor.WalkOptions{})
//	for {
//		page, err := walk.Next(ctx)
//		if err == io.EOF {
//			break // walk.End() holds the verdict
//		}
//		if err != nil {
//			return err
//		}
//		... page.Records, and page.Next to go on from
//		page.Release()
//	}
//
// A page is taken whole or not at all. One that is not JSON, has no list where data_selector points, or repeats an earlier
// page of the walk, is an error; an empty list is an empty page.
//
// Listings are walked by what comes, not by what was asked for: the offset grows by the rows of a page, so that a server which
// answers less than limit loses none, and a short page is not the end. The end is an empty page, a total that is reached, the
// server's word that there is no more, or a bound that the user set. [End] tells which, and whether it proves that every row
// was seen: the listing was read from its first row in one process, nothing bounded it, and the rows are as many as the total
// says, which stayed the same wherever it was shown.
package extractor
