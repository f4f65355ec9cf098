package extractor

import "context"

// Walker is a pass over all that a resource lists. Requests is for any goroutine, the rest for one.
type Walker interface {
	// Next returns the next page that holds records; see [Walk.Next].
	Next(ctx context.Context) (*Page, error)
	// End is the verdict, valid once Next returned io.EOF.
	End() End
	// Since is what is to be remembered then; see [Walk.Since].
	Since(twice bool) Since
	// Incremental reports whether it began from a cursor.
	Incremental() bool
	Requests() (requests, retries int)

	// slipped reports whether rows may have slipped past, where a listing is walked by count. twice: a record was shown twice.
	slipped(twice bool) bool
}

var (
	_ Walker = (*Walk)(nil)
	_ Walker = (*family)(nil)
)
