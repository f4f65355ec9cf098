package main

import "producer/test/overlay"

// edit replaces old, which must stand in the file exactly once.
type edit struct{ file, old, new string }

// killer is a piece of the suite: a test, or chaos without pkg.
type killer struct {
	pkg, run string
	args     []string
}

func test(pkg, run string) killer { return killer{pkg: pkg, run: run} }

// chaos is the chaos program against the mutant, for at most 30 seconds; more flags may choose what it does.
func chaos(args ...string) killer {
	return killer{args: append([]string{"-duration", "30s", "-seed", "1", "-deadline", "15s"}, args...)}
}

// mutant is a broken variant of the protocol, and what must notice it. The first killer that does is enough.
type mutant struct {
	name    string
	edits   []edit
	killers []killer
}

func (m mutant) overlay() []overlay.Edit {
	var out []overlay.Edit
	for _, e := range m.edits {
		out = append(out, overlay.Edit{File: e.file, Old: e.old, New: e.new})
	}
	return out
}

const (
	commitGo   = "pkg/pipeline/commit.go"
	sessionGo  = "pkg/pipeline/session.go"
	fenceGo    = "pkg/pipeline/fence.go"
	beginGo    = "pkg/pipeline/begin.go"
	batchGo    = "pkg/pipeline/batch.go"
	encodeGo   = "pkg/pipeline/encode.go"
	deletesGo  = "pkg/pipeline/deletes.go"
	finishGo   = "pkg/pipeline/finish.go"
	producerGo = "pkg/kafka/producer.go"
	wavesGo    = "pkg/kafka/waves.go"
	scanGo     = "pkg/kafka/scan.go"
	topicsGo   = "pkg/kafka/topics.go"
	hashGo     = "pkg/kafka/partition.go"
)

// mutants are the mistakes that this protocol invites. Most were made by somebody.
func mutants() []mutant {
	return []mutant{
		{"records and checkpoint in two transactions", []edit{{commitGo,
			"		f.done <- producer.Commit(ctx, kafka.Batch{Records: f.records})",
			`		n := len(f.records) - 1
		err := producer.Commit(ctx, kafka.Batch{Records: f.records[:n]})
		if err == nil {
			err = producer.Commit(ctx, kafka.Batch{Records: f.records[n:]})
		}
		f.done <- err`}}, []killer{chaos("-publish", "all")}},
		{"checkpoint in a transaction before its records", []edit{{commitGo,
			"		f.done <- producer.Commit(ctx, kafka.Batch{Records: f.records})",
			`		n := len(f.records) - 1
		err := producer.Commit(ctx, kafka.Batch{Records: f.records[n:]})
		if err == nil {
			err = producer.Commit(ctx, kafka.Batch{Records: f.records[:n]})
		}
		f.done <- err`}}, []killer{chaos("-publish", "changed")}},
		{"checkpoint read before fencing", []edit{
			{sessionGo, "	var fenced bool\n", "	if err := p.restore(ctx, infos); err != nil {\n		return err\n	}\n	var fenced bool\n"},
			{sessionGo, "		if err := p.restore(ctx, infos); err != nil {\n			return err\n		}\n		for _, s", "		for _, s"},
		}, []killer{chaos("-only", "takeover")}},
		{"no fencing at the start", []edit{{producerGo,
			`	err = c.retry(ctx, fmt.Sprintf("open producer %q", transactionalID), p.dialer, p.init)`,
			`	err = nil`}}, []killer{chaos("-only", "zombie")}},
		{"topics read to the last stable offset", []edit{{topicsGo,
			"admin.ListEndOffsets(ctx, topics...)", "admin.ListCommittedOffsets(ctx, topics...)"}}, []killer{test("./pkg/kafka", "Conformance")}},
		{"topics read uncommitted", []edit{{scanGo,
			"	req.IsolationLevel = 1 // read_committed", "	req.IsolationLevel = 0"}}, []killer{chaos("-only", "kill at a point")}},
		{"promise errors ignored", []edit{{wavesGo,
			"	if f.err == nil && acked != n {", "	if true {\n		return nil\n	}\n	if f.err == nil && acked != n {"}},
			[]killer{test("./pkg/kafka", "ProduceFaults|Conformance")}},
		{"flush errors swallowed", []edit{
			{wavesGo, "			w.slab, w.heads = nil, nil // the client still holds them\n			return err\n", "			w.slab, w.heads = nil, nil\n"},
			{wavesGo, "	if f.err == nil && acked != n {", "	if false {"},
		}, []killer{test("./pkg/kafka", "Deadlines|ProduceFaults|Conformance")}},
		{"unknown outcome taken for aborted", []edit{{commitGo,
			"			committed, err := w.p.reread(ctx, w.session, f.state)", "			committed, err := false, w.p.refence(ctx, w.session)"}}, []killer{chaos("-only", "lost answer")}},
		{"unknown outcome taken for committed", []edit{{commitGo,
			"			committed, err := w.p.reread(ctx, w.session, f.state)", "			committed, err := true, w.p.refence(ctx, w.session)"}}, []killer{chaos("-only", "lost answer")}},
		{"unknown outcome reread without fencing", []edit{{fenceGo,
			"	if err := p.refence(ctx, s); err != nil {\n		return false, err\n	}\n", ""}}, []killer{chaos("-only", "lost answer")}},
		{"memory moves before the commit", []edit{{commitGo,
			"	producer := w.producer\n", "	producer := w.producer\n	w.state = st\n"}}, []killer{chaos("-only", "lost answer")}},
		{"index applied before the commit, and kept", []edit{{beginGo,
			"	if w.index != nil && len(w.ends) > 0 && slices.Equal(w.ends, w.info.EndOffsets) {", "	if w.index != nil && len(w.ends) > 0 {"}, {commitGo,
			"	producer := w.producer\n",
			`	producer := w.producer
	for i := range f.batch.rows {
		if r := &f.batch.rows[i]; f.batch.keyed && standing(r) {
			_ = w.index.Apply(f.batch.bytes(r.key), r.hash, true)
		}
	}
`}}, []killer{test("./pkg/pipeline", "IndexFollowsTheTopic")}},
		{"index kept although others wrote", []edit{{beginGo,
			"	if w.index != nil && len(w.ends) > 0 && slices.Equal(w.ends, w.info.EndOffsets) {", "	if w.index != nil && len(w.ends) > 0 {"}}, []killer{test("./pkg/pipeline", "IndexFollowsTheTopic")}},
		{"no overlap on resume", []edit{{beginGo,
			"	back := at.OnePageBack()", "	back := at"}}, []killer{test("./pkg/pipeline", "ResumeReadsOnePageAgain")}},
		{"resume one page too far", []edit{{beginGo,
			"	back := at.OnePageBack()", "	back := extractor.Position{Offset: 2*at.Offset - at.Back}"}}, []killer{chaos("-only", "kill at a point")}},
		{"checkpoint one page too far", []edit{{commitGo,
			"		st.Position = w.batch.pages[n-1].next.JSON()",
			"		next := w.batch.pages[n-1].next\n		next.Offset, next.Back = 2*next.Offset-next.Back, next.Offset\n		st.Position = next.JSON()"}},
			[]killer{chaos("-only", "kill at a point")}},
		{"overlap page published again", []edit{{encodeGo,
			"(w.diff || w.overlap)", "w.diff"}}, []killer{chaos("-only", "kill at a point", "-publish", "all")}},
		{"walks with deletes are gone on with", []edit{{beginGo,
			"	case w.deletes():\n", "	case false:\n"}}, []killer{test("./pkg/pipeline", "DeletesStartOver"), chaos("-only", "kill at a point")}},
		{"resumed walks prove", []edit{
			{beginGo, "	case w.deletes():\n", "	case false:\n"},
			{finishGo, "	case w.resumed:\n		return Resumed, \"another process began the walk\"\n", ""},
			{finishGo, "	case end.Proven:", "	case end.Proven || w.resumed:"},
		}, []killer{chaos("-only", "kill at a point")}},
		{"tombstones on drift", []edit{{deletesGo,
			"	if w.sum.Proof != Proven {", "	if w.sum.Proof == NoProof {"}}, []killer{chaos("-only", "drift"), test("./pkg/pipeline", "NothingIsDeletedInDoubt")}},
		{"seen marks ignored", []edit{{encodeGo,
			"	same, seen := w.index.Meet(key, hash)\n", "	_, same = w.index.Same(key, hash)\n	seen := w.index.Seen(key)\n"}}, []killer{chaos()}},
		{"one walk is enough to delete", []edit{{deletesGo,
			"		if w.state.Missing.Has(k) {", "		if w.state.Walk > 0 {"}}, []killer{test("./pkg/pipeline", "DeletesNeedTwoWalks")}},
		{"keys of dead letters forgotten", []edit{{encodeGo,
			"	seen = seen || w.buried != nil && w.buried.Seen(key)\n", ""}}, []killer{test("./pkg/pipeline", "DeadLettersKey")}},
		{"a walk that forgot keys proves", []edit{{finishGo,
			"	case w.unsure:\n", "	case false:\n"}}, []killer{test("./pkg/pipeline", "ProofNeedsMemory")}},
		{"an emptied topic is filled again", []edit{{"pkg/pipeline/guard.go",
			"	if s.keyed() && st.Populated {", "	if false {"}}, []killer{test("./pkg/pipeline", "EmptiedTopic")}},
		{"a key's tombstone and its record in two transactions", []edit{{"pkg/pipeline/reset.go",
			"				tombstones++\n			}\n", "				tombstones++\n			}\n			if err := send(); err != nil {\n				return err\n			}\n"}},
			[]killer{test("./pkg/pipeline", "ResetInSeveralTransactions")}},
		{"positions never grow old", []edit{{beginGo,
			"	case age.Abs() >= within:", "	case false:"}}, []killer{test("./pkg/pipeline", "PositionsGrowOld")}},
		{"an answer cut at its bound", []edit{{scanGo,
			"	req.MaxBytes = math.MaxInt32\n", "	req.MaxBytes = fetchMaxBytes + 0*math.MaxInt32\n"}}, []killer{test("./pkg/kafka", "ScanPassesOver")}},
		{"max_deletes ignored", []edit{
			{deletesGo, "	if replace && unseen > allow {", "	if replace && unseen > 1000*allow {"},
			{deletesGo, "	if n := int64(len(gone)); n > allow {", "	if n := int64(len(gone)); n > 1000*allow {"},
		}, []killer{chaos("-only", "too many deletes"), test("./pkg/pipeline", "NothingIsDeletedInDoubt")}},
		{"duplicates in a batch not dropped", []edit{{batchGo,
			"				b.rows[old].droppedBy = i\n", "				_ = old\n"}}, []killer{test("./pkg/pipeline", "LastOfAKeyWins|Batch")}},
		{"of duplicates the first wins", []edit{{batchGo,
			"				b.rows[old].droppedBy = i\n", "				r.droppedBy = old\n"}}, []killer{test("./pkg/pipeline", "LastOfAKeyWins|Batch")}},
		{"a fenced instance fences back", []edit{{producerGo,
			"	if age := time.Since(began); age >= p.txnTimeout {", "	if age := time.Since(began); age >= 0 {"}}, []killer{chaos("-only", "takeover")}},
		{"a later cycle takes back from a newer instance", []edit{{fenceGo,
			"	for _, s := range sessions {\n", "	for _, s := range sessions[:0] {\n"}}, []killer{test("./pkg/pipeline", "TheNextCycleFencesNoNewerInstance")}},
		{"a fenced instance ends well", []edit{{"pkg/pipeline/fault.go",
			"		return ExitFenced\n", "		return ExitOK\n"}}, []killer{chaos("-only", "zombie")}},
		{"another partition hash", []edit{{hashGo,
			"	return int32(murmur2(key)&0x7fffffff) % partitions", "	return int32(murmur2(key)>>1) % partitions"}}, []killer{chaos()}},
		{"a number instead of the content's hash", []edit{{encodeGo,
			"		hash := w.hasher.Sum(rec)\n", "		hash := w.hasher.Sum(rec)\n		hash[0] ^= byte(w.number)\n"}}, []killer{chaos("-publish", "changed")}},
	}
}
