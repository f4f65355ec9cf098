package kafka

import (
	"context"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kgo"
)

// logger passes what the client library says on as debug messages: what
// matters of it comes back as errors.
type logger struct {
	to *slog.Logger
}

var _ kgo.Logger = logger{}

func (l logger) Level() kgo.LogLevel {
	if l.to == nil || !l.to.Enabled(context.Background(), slog.LevelDebug) {
		return kgo.LogLevelNone
	}
	return kgo.LogLevelInfo
}

func (l logger) Log(_ kgo.LogLevel, msg string, keyvals ...any) {
	l.to.Debug("kafka client: "+msg, keyvals...)
}
