package config

import "strings"

// claim is a topic name that is taken. Messages call its owner by what the file says, for names may be references.
type claim struct {
	name  string
	owner string
}

// nameTopics expands each resource's topic and reports names that Kafka refuses and names that are taken: by another resource, by
// the dead letters of another, or by the pipeline itself.
func (l *loader) nameTopics(all []unfinished, c *Config) {
	if c.Pipeline == "" {
		return
	}
	taken := map[string]claim{}
	take := func(name, owner string) { taken[collisionKey(name)] = claim{name, owner} }
	take(c.StateTopic(), "the pipeline's own state")
	take(c.SchemasTopic(), "the pipeline's own schemas")
	for _, name := range kafkaTopics {
		take(name, "Kafka itself")
	}
	var named []*unfinished
	for i := range all {
		u := &all[i]
		if u.Name == "" || !l.nameTopic(u, c.Pipeline) {
			continue
		}
		if by, ok := taken[collisionKey(u.topic.Name)]; ok {
			l.taken(u, u.topic.Name, by, "the topic of")
			continue
		}
		take(u.topic.Name, u.at.key())
		named = append(named, u)
	}
	for _, u := range named {
		letters := u.topic.Name + deadLetters
		if by, ok := taken[collisionKey(letters)]; ok {
			l.taken(u, letters, by, "dead letters in the topic of")
		}
	}
}

// kafkaTopics are those that brokers keep for themselves.
var kafkaTopics = []string{"__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"}

const (
	defaultTemplate = "{pipeline}.{resource}"
	deadLetters     = ".dlq"
)

func (l *loader) nameTopic(u *unfinished, pipeline string) bool {
	template, written := defaultTemplate, quote(defaultTemplate)
	if u.topic.template != nil {
		var ok bool
		if template, ok = l.text(u.topic.template); !ok {
			return false
		}
		written = u.topic.template.got()
	}
	u.topic.Name = strings.NewReplacer("{pipeline}", pipeline, "{resource}", u.Name).Replace(template)
	room := maxTopicName
	if u.Contract.Discards() {
		room -= len(deadLetters)
	}
	if !isTopicName(u.topic.Name) || len(u.topic.Name) > room {
		l.wrong(u.topicAt(), "is %s; with {pipeline} and {resource} put in it must be letters, digits, dots, _ and -, at most %d of them",
			written, room)
		return false
	}
	return true
}

// topicAt is where the topic's name comes from.
func (u *unfinished) topicAt() *node {
	if u.topic.template != nil {
		return u.topic.template
	}
	return u.at
}

func (l *loader) taken(u *unfinished, name string, by claim, what string) {
	if name != by.name {
		what = "a topic that differs by . and _ only, which Kafka refuses, from that of"
	}
	l.wrong(u.topicAt(), "gives %s %s %s; give each its own, as in topic: \"{pipeline}.{resource}\"", u.at.key(), what, by.owner)
}

// collisionKey is equal for names that Kafka's brokers refuse side by side, since their metrics would be called the same.
func collisionKey(name string) string { return strings.ReplaceAll(name, "_", ".") }
