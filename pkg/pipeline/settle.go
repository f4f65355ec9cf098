package pipeline

import (
	"context"
	"fmt"
	"strings"
	"time"

	"producer/pkg/extractor"
	"producer/pkg/schema"
)

// The sample that the first schema is inferred from: so many pages, so long, or so many bytes, whichever comes first.
const (
	samplePages = 10
	sampleTime  = 2 * time.Second
	sampleBytes = 64 << 20
)

// take brings a page into the batch, by way of the sample while there is no schema.
func (w *worker) take(ctx context.Context, page *extractor.Page) error {
	if page.Restarted && w.resumed {
		w.anew()
	}
	if page.Detected != "" {
		w.p.log.Info("found out from the first answer; write it down to have it so for ever", "resource", w.res.Name, "found", page.Detected)
	}
	if strings.HasPrefix(page.Detected, "paginator single_page") { // right for some listings; of others it leaves out all but a page
		w.p.log.Warn("no way to a next page was found in the first answer, which is taken for the whole listing: write down the endpoint's "+
			"paginator, which is single_page if that is so", "resource", w.res.Name, "records", len(page.Records))
	}
	if page.Total != nil {
		w.sum.Total = page.Total
		if w.first == nil {
			w.first = page.Total
		}
	}
	if w.codec.ready() || w.codec.refusesTable() {
		return w.encode(ctx, page)
	}
	if len(w.sample) == 0 {
		w.began = time.Now()
	}
	w.sample = append(w.sample, page)
	w.sampled += page.Bytes
	if w.codec.pinned != nil || len(w.sample) >= samplePages || w.sampled >= sampleBytes || time.Since(w.began) >= sampleTime {
		return w.settle(ctx)
	}
	return nil
}

// settle gives the codec its first schema, the pinned one or what the sample holds, and encodes the sample. Pages before one that
// cannot be encoded are kept.
func (w *worker) settle(ctx context.Context) error {
	pages := w.sample
	w.sample, w.sampled = nil, 0
	defer func() {
		for _, p := range pages {
			p.Release()
		}
	}()
	d, good, fault := w.infer(ctx, pages)
	if good > 0 {
		if err := w.codec.register(ctx, d); err != nil {
			return err
		}
		w.sum.SchemaID = w.codec.frame.ID
	}
	for good > 0 {
		p := pages[0]
		pages, good = pages[1:], good-1
		if err := w.encode(ctx, p); err != nil {
			return err
		}
	}
	return fault
}

// infer drafts the first schema from the pages before the first one that it can't encode; it returns how many these are.
func (w *worker) infer(ctx context.Context, pages []*extractor.Page) (d draft, good int, fault error) {
	if w.codec.pinned != nil {
		d, err := w.codec.compile(w.codec.pinned, nil)
		if err != nil {
			return d, 0, err
		}
		return d, len(pages), nil
	}
	for good = len(pages); good > 0; {
		obs := schema.NewObservation(w.codec.opts)
		n, err := w.observeAll(obs, pages[:good])
		if err == nil {
			if d, err = w.codec.draft(ctx, obs); err != nil {
				return d, 0, err
			}
			for n = 0; n < good && err == nil; n++ {
				err = w.try(d, pages[n])
			}
			if err == nil {
				return d, good, fault
			}
			n--
		}
		good, fault = n, err // what the pages before it hold may make another schema
	}
	return d, 0, fault
}

// observeAll merges what the pages hold into obs, up to the first page that cannot be observed; it returns how many could.
func (s *session) observeAll(obs *schema.Observation, pages []*extractor.Page) (int, error) {
	for i, p := range pages {
		one, err := s.observe(p)
		if err != nil {
			return i, err
		}
		obs.Merge(one)
	}
	return len(pages), nil
}

// observe adds up what a page's records hold.
func (s *session) observe(p *extractor.Page) (*schema.Observation, error) {
	obs := schema.NewObservation(s.codec.opts)
	var key []byte
	for i, rec := range p.Records {
		var err error
		if len(s.res.PrimaryKey) > 0 { // before its schema is registered: a record without a key must not shape one
			key, err = s.extractor.AppendKey(key[:0], rec)
		}
		if err == nil {
			err = obs.Add(rec)
		}
		if err != nil {
			return nil, s.dataError(p, i, err)
		}
	}
	return obs, nil
}

// dataError names the record that err is about, and the file that pins its schema.
func (s *session) dataError(p *extractor.Page, i int, err error) error {
	where := fmt.Sprintf("%s, record %d", p.Label, i+1)
	if key, kerr := s.extractor.AppendKey(nil, p.Records[i]); kerr == nil && len(key) > 0 {
		if len(key) > 64 {
			key = append(key[:64:64], "..."...)
		}
		where += fmt.Sprintf(", key %q", key)
	}
	if s.codec.file != "" && (as[*schema.Misfit](err) || as[*schema.ValueError](err)) {
		err = fmt.Errorf("%w (the schema is pinned by %s)", err, s.codec.file)
	}
	return &DataError{Where: where, Err: err}
}
