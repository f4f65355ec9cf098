package config

import (
	"os"
	"strings"
)

// Config is a whole configuration, valid and complete. It is read-only by convention, and then safe for concurrent use.
type Config struct {
	Path      string // of the file, as it was given
	Pipeline  string // names topics, state and transactional ids
	Client    Client
	Resources []Resource // the selected ones, in the file's order
	Kafka     Kafka
	Schema    Schema
	Warnings  []string // "file:line: key: text" each, for the log
	Secrets   []Secret // every secret value of the file, for redaction
}

// StateTopic is the compacted topic that says where each resource stands.
func (c *Config) StateTopic() string { return c.Pipeline + ".state" }

// SchemasTopic is the compacted topic of schemas by fingerprint; it is used without a registry only.
func (c *Config) SchemasTopic() string { return c.Pipeline + ".schemas" }

// TransactionalID is what fences two writers of a topic.
func (c *Config) TransactionalID(topic string) string { return "producer." + topic }

// Load reads the file at path and the environment variables that it refers to. It also looks at the files and directories that it
// names, and at nothing else. Its error is an [*Errors].
func Load(path string) (*Config, error) {
	data, err := readFile(path, maxFile)
	if err != nil {
		return nil, &Errors{Problems: []Problem{{File: path, Text: "can't be read: " + err.Error()}}}
	}
	return Parse(path, data, os.LookupEnv)
}

// Parse reads a configuration from memory. Relative paths in it are taken from path's directory, and path stands in the messages;
// env looks up environment variables; nil knows none. Its error is an [*Errors].
func Parse(path string, data []byte, env func(string) (string, bool)) (*Config, error) {
	if env == nil {
		env = func(string) (string, bool) { return "", false }
	}
	l := &loader{file: path, env: env}
	c := &Config{Path: path}
	if root := l.tree(data); root != nil {
		l.root(root, c)
	}
	if len(l.problems) > 0 {
		return nil, &Errors{Problems: tidy(l.problems)}
	}
	for _, w := range tidy(l.warnings) {
		c.Warnings = append(c.Warnings, w.String())
	}
	c.Secrets = l.secrets
	return c, nil
}

func (l *loader) root(n *node, c *Config) {
	o := l.object(n)
	if o.bad {
		return
	}
	pipeline := o.want("pipeline", "give the pipeline a name of letters, digits, _ and -")
	if pipeline != nil {
		c.Pipeline = l.pipelineName(pipeline)
	}
	source := o.want("source", "it holds client and resources")
	kafka := o.get("kafka")
	var topic topicBlock
	c.Kafka, topic = l.kafka(kafka, n)
	var nested string
	c.Schema, nested = l.schema(o.get("schema"))
	o.done()
	if source == nil {
		return
	}
	all := l.source(source, c, resourceContext{topic: topic, nested: nested})
	l.linkParents(all)
	var selected []unfinished // all stays as it is: parents are in it
	for _, u := range all {
		if u.selected {
			selected = append(selected, u)
		}
	}
	l.nameTopics(selected, c)
	for _, u := range selected {
		u.Topic = u.topic.Topic
		c.Resources = append(c.Resources, u.Resource)
	}
	if len(selected) == 0 && len(l.problems) == 0 {
		l.problem(source.line, source.keyOf("resources"), "has no resource that is selected; there is nothing to do")
	}
}

func (l *loader) pipelineName(n *node) string {
	text, ok := l.text(n)
	if ok && (strings.ContainsFunc(text, func(c rune) bool { return !isNameRune(c) }) || len(text) > maxPipelineName) {
		l.wrong(n, "is %s; it must be letters, digits, _ and -, at most %d of them", n.got(), maxPipelineName)
		return "pipeline" // stands in for it: topics are not to blame for its letters
	}
	return text
}

// maxPipelineName leaves room for .schemas behind it.
const maxPipelineName = 200

// source reads the dictionary of dlt's rest_api_source.
func (l *loader) source(n *node, c *Config, ctx resourceContext) []unfinished {
	o := l.object(n)
	client := o.want("client", "it holds base_url, and how the API is asked")
	if client != nil {
		c.Client, ctx.paginator = l.client(client)
		ctx.headers = client.get("headers")
	}
	ctx.client = &c.Client
	defaults := o.get("resource_defaults")
	if defaults != nil && defaults.kind == nullKind {
		defaults = nil
	}
	var all []unfinished
	if r := o.want("resources", "list the resources to read"); r != nil {
		all = l.resources(r, defaults, ctx)
	}
	o.refuse(map[string]string{
		"name":              "pipeline at the top of the file names it",
		"section":           "pipeline at the top of the file names it",
		"schema":            "it is a Python object; the file's own schema block says where schemas are",
		"schema_contract":   "put it into resource_defaults",
		"parallelized":      "put it into resource_defaults",
		"max_table_nesting": "nested: json in the file's own schema block keeps objects as JSON text",
		"root_key":          warehouse,
	})
	o.done()
	names := map[string]*node{}
	for i := range all {
		u := &all[i]
		if u.Name == "" {
			continue
		}
		if first := names[u.Name]; first != nil {
			l.wrong(u.nameAt, "is %s, the name of %s too; each resource needs its own", u.nameAt.got(), first.key())
			u.Name = ""
			continue
		}
		names[u.Name] = u.at
	}
	return all
}
