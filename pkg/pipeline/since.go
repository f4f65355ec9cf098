package pipeline

import (
	"encoding/json"
	"time"
)

// recall reads what the state holds of an incremental resource's cursor. It reports whether that is one of other rows, so that all are to
// be read again, those before an interrupted walk's position too.
func (w *worker) recall() (dropped bool) {
	if w.since, dropped = w.extractor.Since(w.state.Since); dropped {
		w.p.log.Info("the configuration asks for other rows now: all of them are read again", "resource", w.res.Name)
	}
	return dropped
}

// entire decides whether the walk that begins disregards the cursor, and says so.
func (w *worker) entire() bool {
	if !w.extractor.Incremental() || w.resumed || !w.since.Begun() {
		return false // there is nothing to disregard, or it was decided when the walk began
	}
	var reason string
	switch every := w.res.Topic.FullWalkEvery; {
	case w.full:
		reason = "--full"
	case every > 0 && time.Since(w.since.Full).Abs() >= every: // also where a clock was set back
		reason = "kafka.full_walk_every"
	default:
		return false
	}
	w.p.log.Info("the whole listing is read", "resource", w.res.Name, "reason", reason)
	return true
}

// cursor is what is remembered as the walk's last commit leaves it.
func (w *worker) cursor() json.RawMessage {
	// What shifted while nobody looked can't be seen. What was appended can't be taken back, so that it is not read again.
	doubt := w.twice || w.resumed && w.keyed()
	next := w.walk.Since(doubt)
	if w.extractor.Incremental() && next.Cursor == w.since.Cursor && doubt {
		w.p.log.Warn("the listing may have shifted under the walk: the cursor stays, so that the next one reads the same rows again",
			"resource", w.res.Name, "cursor", string(next.Cursor))
	}
	return next.JSON()
}
