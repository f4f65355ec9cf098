package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/linkedin/goavro/v2"

	"producer/pkg/record"
	"producer/pkg/schema"
)

// A contender brings one page from its bytes to what it makes of them; it returns how many bytes that are.
type contender struct {
	name string
	page func([]byte) (int, error)
	cpu  []time.Duration // of each round
	news uint64          // allocations of all rounds
}

const microRounds = 9

const (
	ours      = "tape, key, hash, Avro"
	oursAgain = "the same again"
	goavroWay = "json maps + goavro"
	plainScan = "bare scan, by bytes"
	wordScan  = "bare scan, by words"
	tapeAlone = "our tape alone"
)

// micro compares, on one goroutine and page by page, our way from a page's bytes to key, content hash and Avro with encoding/json and
// goavro (which makes no hash), and with passes that make nothing: the bare scan, jsontext's tokens (which refuse what we refuse) and
// our tape. CPU time is the process's, so whoever leaves garbage pays for it.
func micro(out io.Writer, pages *pages, rounds int) error {
	contenders, err := newContenders()
	if err != nil {
		return err
	}
	bodies := pages.bodies[:min(len(pages.bodies), 100)]
	records := min(len(bodies)*pages.page, pages.records)
	if err := sameBytes(contenders, bodies); err != nil {
		return err
	}
	const times = 5
	for round := range rounds {
		for i := range contenders {
			c := contenders[(round+i)%len(contenders)]
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := cpuTime()
			for range times {
				for _, body := range bodies {
					if _, err := c.page(body); err != nil {
						return fmt.Errorf("%s: %w", c.name, err)
					}
				}
			}
			c.cpu = append(c.cpu, cpuTime()-start)
			runtime.ReadMemStats(&after)
			c.news += after.Mallocs - before.Mallocs
		}
	}
	fmt.Fprintf(out, "One goroutine, %d records in %d pages, %d rounds; speed is that of the first line's median as 1.\n\n", records, len(bodies), rounds)
	fmt.Fprintln(out, "| medians               | CPU ns/record | records/s | allocs/record | speed : |")
	fmt.Fprintln(out, "|-----------------------|--------------:|----------:|--------------:|--------:|")
	medians := map[string]time.Duration{}
	line := func(name string, m time.Duration, news uint64) {
		medians[name] = m
		fmt.Fprintf(out, "| %-21s | %13d | %9.0f | %13.2f | %7.2f |\n", name, m.Nanoseconds(), float64(time.Second)/float64(m),
			float64(news)/float64(times*records*rounds), ratio(medians[ours], m))
	}
	for _, c := range contenders {
		slices.Sort(c.cpu)
		line(c.name, c.cpu[len(c.cpu)/2]/time.Duration(times*records), c.news)
	}
	encoder := medians[ours] - medians[tapeAlone]
	fmt.Fprintf(out, "\nThe encoder begins at the tape: the first line less %s is %d ns, %.0f %% of the speed of the scan by words and %.0f %% of that by\n"+
		"bytes; with the tape it is %.0f %% and %.0f %%.\n\n", tapeAlone, encoder.Nanoseconds(), 100*ratio(medians[wordScan], encoder),
		100*ratio(medians[plainScan], encoder), 100*ratio(medians[wordScan], medians[ours]), 100*ratio(medians[plainScan], medians[ours]))
	return nil
}

var contactsOptions = schema.Options{Namespace: "bench", Name: "contacts", Key: [][]string{{"id"}}}

func newContenders() ([]*contender, error) {
	codec, err := goavro.NewCodec(contactsSchema)
	if err != nil {
		return nil, err
	}
	s, err := schema.Parse([]byte(contactsSchema))
	if err != nil {
		return nil, err
	}
	var contenders []*contender
	for _, name := range []string{ours, oursAgain} {
		enc, err := schema.Compile(s, contactsOptions)
		if err != nil {
			return nil, err
		}
		contenders = append(contenders, &contender{name: name, page: (&ourWay{encoder: enc}).page})
	}
	maps := &goavroPath{codec: codec}
	var tape record.Tape
	open := make([]byte, 0, 64)
	return append(contenders,
		&contender{name: goavroWay, page: maps.page},
		&contender{name: plainScan, page: func(b []byte) (int, error) { return 0, bareScan(b, open, false) }},
		&contender{name: wordScan, page: func(b []byte) (int, error) { return 0, bareScan(b, open, true) }},
		&contender{name: "jsontext's tokens", page: jsontextTokens},
		&contender{name: tapeAlone, page: func(b []byte) (int, error) { return 0, tape.Parse(b, 500) }},
	), nil
}

// sameBytes sees to it that both encoders are right before they are fast.
func sameBytes(contenders []*contender, bodies [][]byte) error {
	for _, body := range bodies {
		want := -1
		for _, c := range contenders[:3] {
			n, err := c.page(body)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			if want < 0 {
				want = n
			}
			if n != want || n == 0 {
				return fmt.Errorf("%s makes %d bytes of a page, %s %d", contenders[0].name, want, c.name, n)
			}
		}
	}
	return nil
}

type ourWay struct {
	tape    record.Tape
	hasher  record.Hasher
	encoder *schema.Encoder
	key     []byte
	arena   []byte
}

func (o *ourWay) page(body []byte) (n int, err error) {
	if err := o.tape.Parse(body, 500); err != nil {
		return 0, err
	}
	rows, _ := o.tape.Root().Get("data")
	o.arena = o.arena[:0]
	c := rows.Cursor()
	for row, ok := c.Element(); ok; row, ok = c.Element() {
		id, _ := row.Get("id")
		if o.key, err = record.AppendKey(o.key[:0], []record.Value{id}); err != nil {
			return 0, err
		}
		o.hasher.Sum(row)
		if o.arena, err = o.encoder.Append(o.arena, row); err != nil {
			return 0, err
		}
	}
	return len(o.arena), nil
}

type goavroPath struct {
	codec *goavro.Codec
	arena []byte
}

func (g *goavroPath) page(body []byte) (n int, err error) {
	var p page
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&p); err != nil {
		return 0, err
	}
	g.arena = g.arena[:0]
	for _, row := range p.Data {
		if row["id"].(json.Number).String() == "" {
			return 0, errors.New("no key")
		}
		if g.arena, err = g.codec.BinaryFromNative(g.arena, native(row)); err != nil {
			return 0, err
		}
	}
	return len(g.arena), nil
}

func jsontextTokens(body []byte) (int, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(body))
	for {
		if _, err := d.ReadToken(); errors.Is(err, io.EOF) {
			return 0, nil
		} else if err != nil {
			return 0, err
		}
	}
}

// cpuTime is what the process has used, garbage collection included.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
