// Package rest answers one HTTP request, whatever it takes.
//
// A [Client] belongs to one API, named by its base URL. [Client.Do] sends a request, reads the whole body, hands it to the
// caller's Accept and returns it; what stands between is its business alone:
//
//   - Retries. Configured statuses, broken connections, timeouts, bodies that end early and answers that Accept found cut
//     short are asked for again after an exponential back-off, or after Retry-After where that is longer. Everything else
//     is final at once.
//   - Limits. A body counts as it is decoded, so a small gzip file cannot grow beyond [Options.MaxBody]; one timeout covers
//     an attempt from the dial to the last byte; concurrency and rate are one budget a host, shared by all callers.
//   - Origins. Credentials go to the base URL's scheme, host and port and nowhere else, and redirects leave the origin
//     never. A name that pointed to a public address is not followed to a private one.
//   - Silence. No error text, however deep it is unwrapped, holds a query string or a header. [Options.Redact] takes the
//     secrets out of what a server said before it is quoted.
//
// Errors are typed: [StatusError], [RetryAfterError], [RedirectError], [BodyTooLargeError], [ContentError],
// [TransportError]. What Accept returned stays in the chain, as does the context's error when the caller gave up.
package rest
