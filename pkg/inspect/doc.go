// Package inspect says what the next run would make of an API's data, without making it: which schema follows from a sample, and how that
// differs from the one that is pinned or registered. It publishes and registers nothing.
package inspect
