package devserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Options say what to serve. The zero value serves everything on free ports and forgets it when closed.
type Options struct {
	// Dir keeps topics and schemas over restarts; it is made if it isn't there. Empty takes a temporary directory,
	// which Close removes. Mutated records are not kept: the API begins anew.
	Dir string
	// Seed chooses the sample data; 0 is 1.
	Seed uint64
	// Contacts, Companies and Deals are how many there are; 0 is 10,000, 1,000 and 2,500, negative is none.
	Contacts, Companies, Deals int
	// Faults has the API answer a few list requests with 429 or 503 instead, the same ones each time, never two in a
	// row for one resource. It is off by default.
	Faults bool
	// Key is what the API wants as query parameter api_key; empty is "dev-api-key".
	Key string
	// BrokerPort, RegistryPort and APIPort are ports on 127.0.0.1; 0 takes a free one.
	BrokerPort, RegistryPort, APIPort int
}

// Server is the running broker, registry and API. All methods are safe for concurrent use.
type Server struct {
	broker   *broker
	registry *listener
	journal  *journal
	api      *listener
	crm      *crm
	key      string
	temp     string // directory to remove

	close func() error
}

// Start starts all three; ctx bounds the start only. The caller must Close the Server.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	s := &Server{key: o.Key}
	s.close = sync.OnceValue(s.shutdown)
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("start development servers: %w", err), s.Close())
		}
	}()
	if s.key == "" {
		s.key = "dev-api-key"
	}
	dir := o.Dir
	if dir == "" {
		if s.temp, err = os.MkdirTemp("", "producer-dev-"); err != nil {
			return nil, err
		}
		dir = s.temp
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if s.broker, err = openBroker(ctx, filepath.Join(dir, "broker"), o.BrokerPort); err != nil {
		return nil, err
	}
	if s.journal, err = openRegistry(ctx, filepath.Join(dir, "registry.jsonl")); err != nil {
		return nil, err
	}
	if s.registry, err = listen(ctx, o.RegistryPort, s.journal); err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	s.crm = newCRM(o)
	if s.api, err = listen(ctx, o.APIPort, newAPI(s.crm, s.key, o.Faults)); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	return s, nil
}

// Brokers returns the broker's address, as HOST:PORT.
func (s *Server) Brokers() []string { return slices.Clone(s.broker.addrs) }

// RegistryURL returns the registry's base URL.
func (s *Server) RegistryURL() string { return "http://" + s.registry.addr }

// APIURL returns the base URL of the sample CRM:
//
//	/                     an index of the paths below, without a key
//	/v1/contacts?offset=0&limit=100&api_key=KEY
//	/v1/companies, /v1/deals  likewise: {"data":[…],"total":N}; a limit over 100 is 100
//	/v1/contacts/17?api_key=KEY  one record; 404 where there is none
func (s *Server) APIURL() string { return "http://" + s.api.addr }

// Key returns the API key.
func (s *Server) Key() string { return s.key }

// Mutate changes up to n records of the API and returns what it changed, in order: n-1 updates over all three
// resources and one new contact; just an update for n = 1. What the k-th call changes depends on the seed alone.
func (s *Server) Mutate(n int) []Change { return s.crm.mutate(n) }

// Compact has the broker compact its compacted topics now, unless a transaction is open. It does so every ten seconds
// by itself. Like Kafka it leaves what was written last as it is, here the last batch of each partition.
func (s *Server) Compact(ctx context.Context) error { return s.broker.compact(ctx) }

// Close stops all three and waits for requests that are being answered, at most five seconds each. A second Close
// returns what the first did.
func (s *Server) Close() error { return s.close() }

func (s *Server) shutdown() error {
	var errs []error
	for _, l := range []*listener{s.api, s.registry} {
		if l != nil {
			errs = append(errs, l.close())
		}
	}
	if s.journal != nil {
		errs = append(errs, s.journal.close())
	}
	if s.broker != nil {
		s.broker.close()
	}
	if s.temp != "" {
		errs = append(errs, os.RemoveAll(s.temp))
	}
	return errors.Join(errs...)
}

// listener is an HTTP server on a port of 127.0.0.1.
type listener struct {
	http http.Server
	addr string
	done chan error
}

func listen(ctx context.Context, port int, h http.Handler) (*listener, error) {
	var lc net.ListenConfig
	tcp, err := lc.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	l := &listener{
		http: http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute},
		addr: tcp.Addr().String(),
		done: make(chan error, 1),
	}
	go func() { l.done <- l.http.Serve(tcp) }()
	return l, nil
}

func (l *listener) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := l.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, l.http.Close())
	}
	if served := <-l.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
