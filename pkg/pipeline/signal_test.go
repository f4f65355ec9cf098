package pipeline_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"producer/pkg/pipeline"
)

// A signal while the brokers hang: the run ends in time, with the signal's code, and leaves no goroutine behind.
func TestSignalWhileTheBrokersHang(t *testing.T) {
	t.Parallel()
	w := begin(t, rows(40)...)
	hung := make(chan struct{})
	var once sync.Once
	w.broker.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		w.broker.KeepControl()
		if topics := r.(*kmsg.ProduceRequest).Topics; len(topics) == 1 { // a schema's
			return nil, nil, false
		}
		once.Do(func() { close(hung) })
		return nil, nil, true
	})
	p := w.pipeline("merge", "commit_interval: 0s")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-hung
		cancel(&pipeline.SignalError{Code: pipeline.ExitTerminate, Signal: "SIGTERM"})
	}()
	sum := p.Run(ctx)
	if sum.ExitCode != pipeline.ExitTerminate || sum.Status != pipeline.Interrupted {
		t.Errorf("exit %d, status %s (%s); want 143, interrupted", sum.ExitCode, sum.Status, sum.Error)
	}
	stacks := make([]byte, 1<<20)
	for try := 0; strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "pipeline.(*worker).launch"); try++ {
		if try == 3000 { // one that has said its last word may take a moment to end, and other tests have theirs
			t.Fatal("a commit is still under way")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// What a signal finds in hand is committed, and the next run goes on from there.
func TestSignalCommitsWhatIsInHand(t *testing.T) {
	w := begin(t, rows(60)...)
	ctx, cancel := context.WithCancelCause(t.Context())
	w.set(func() {
		w.before = func(offset int) {
			if offset == 40 {
				cancel(&pipeline.SignalError{Code: pipeline.ExitInterrupt, Signal: "SIGINT"})
			}
		}
	})
	sum := w.pipeline("merge", "commit_interval: 1h").Run(ctx)
	r := sum.Resources[0]
	if sum.ExitCode != pipeline.ExitInterrupt || r.Status != pipeline.Interrupted || r.Records%10 != 0 || r.Records < 20 || r.Records != r.Published {
		t.Errorf("exit %d, status %s, %d records, %d published; want 130, interrupted, whole pages", sum.ExitCode, r.Status, r.Records, r.Published)
	}
	w.set(func() { w.before = nil })
	if got := w.run(w.pipeline("merge", ""), pipeline.ExitOK); got.Published+r.Published != 60 || got.Proof != pipeline.Resumed {
		t.Errorf("then published %d, proof %s; want %d, resumed", got.Published, got.Proof, 60-r.Published)
	}
}

// A signal outranks what failed beside it.
func TestSignalOutranksAFailure(t *testing.T) {
	w := begin(t, rows(20)...)
	p := w.must(w.configured(resource("rows", "rows", "")+resource("others", "rows", ""), "", pipeline.Options{}))
	ctx, cancel := context.WithCancelCause(t.Context())
	var requests atomic.Int64
	w.set(func() {
		w.fail[0] = true
		w.before = func(int) {
			if requests.Add(1) == 2 {
				cancel(&pipeline.SignalError{Code: pipeline.ExitTerminate, Signal: "SIGTERM"})
			}
		}
	})
	sum := p.Run(ctx)
	if sum.ExitCode != pipeline.ExitTerminate || sum.Status != pipeline.Failed || sum.Resources[0].Status != pipeline.Failed || sum.Resources[1].Status != pipeline.Interrupted {
		t.Errorf("exit %d, %s, %s, %s; want 143, failed, failed, interrupted", sum.ExitCode, sum.Status, sum.Resources[0].Status, sum.Resources[1].Status)
	}
}
