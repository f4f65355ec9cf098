package main

import (
	"context"
	"sync"
	"time"

	"producer/pkg/pipeline"
)

// farewell is the document that a run owes its reader, in case that a second signal ends the process before the run could print it.
// A nil one owes nothing.
type farewell struct {
	mu   sync.Mutex
	owed func(*pipeline.SignalError)
	said bool // nothing may follow it
}

// patience is how long the document may take: its reader may be gone, and the second signal means at once.
const patience = time.Second

type farewellKey struct{}

func withFarewell(ctx context.Context, f *farewell) context.Context {
	return context.WithValue(ctx, farewellKey{}, f)
}

func farewellOf(ctx context.Context) *farewell {
	f, _ := ctx.Value(farewellKey{}).(*farewell)
	return f
}

// owe says how the document is printed if the process ends now.
func (f *farewell) owe(say func(*pipeline.SignalError)) {
	if f != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.owed = say
	}
}

// pay prints what the run itself has to say, instead; nothing once the farewell is said.
func (f *farewell) pay(say func() error) error {
	if f != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.owed = nil; f.said {
			return nil
		}
	}
	return say()
}

// speak prints what is owed, in patience's time at most.
func (f *farewell) speak(why *pipeline.SignalError) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.mu.Lock() // a document that is being printed is waited for
		defer f.mu.Unlock()
		if f.said = true; f.owed != nil {
			f.owed(why)
		}
	}()
	select {
	case <-done:
	case <-time.After(patience):
	}
}
