package extractor

// place is where a walk stands.
type place struct {
	// n is an offset or a page's number. Where the API names the next page it counts the pages before it.
	n int64
	// token is what the API named: a cursor, or a URL. "" is the first page.
	token string
}

// ask is what a paginator adds to a request.
type ask struct {
	// query stands behind the target's own parameters, of which it replaces those of these names.
	query string
	names []string
	// url replaces address and parameters both.
	url string
	// body are values to put into the JSON body.
	body []bodyValue
}

// bodyValue is JSON for a place in the body: names from object to object, which are made where they are missing.
type bodyValue struct {
	path []string
	json string
}
