// Package telemetry shows what a run does: log lines, metrics, health and progress, none of which ever holds a secret.
//
// A run reports to one [Observer]. [Metrics] counts what it hears for Prometheus, [Bars] draws it on a terminal, [Lines]
// logs it every few seconds where there is no terminal, and [Tee] passes it on to several of them. All of them may be
// used from several goroutines at once, and none of them blocks on the network or returns an error: watching a run can
// not fail it.
//
// A [Redactor] stands between everything that is written and its reader. It knows the configured secrets and replaces
// them in every encoding that errors and logs are known to carry them in:
//
//	redactor := telemetry.NewRedactor(apiKey, password)
//	stderr := redactor.Writer(os.Stderr)
//	defer stderr.Close()
//	log := telemetry.NewLogger(stderr, "text", redactor)
package telemetry
