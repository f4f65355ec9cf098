package kafka

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TopicSpec is a topic to be. Partitions and ReplicationFactor of 0 or less are
// the broker's defaults; Config holds topic settings by Kafka's names.
type TopicSpec struct {
	Name              string
	Partitions        int32
	ReplicationFactor int16
	Config            map[string]string
}

// TopicInfo is a topic as the brokers describe it. Of one that does not exist
// only Name, CanRead and CanWrite are set.
type TopicInfo struct {
	Name            string
	Exists          bool
	ID              string // as Kafka's tools print it; another one after the topic was deleted and created again
	Partitions      int32
	Config          map[string]string // all of it, defaults included
	MaxMessageBytes int               // of Config: the largest batch, after compression

	// Offsets by partition: where the log starts, and its high watermark,
	// which lies behind open transactions too.
	StartOffsets []int64
	EndOffsets   []int64

	// What we may do, where the brokers say; else true.
	CanRead  bool
	CanWrite bool
}

// Empty reports whether no partition holds anything. Control records and
// aborted ones count as something.
func (t TopicInfo) Empty() bool { return slices.Equal(t.StartOffsets, t.EndOffsets) }

// Describe looks topics up. Each name has an entry in the answer, with Exists
// false where there is no such topic. It retries for up to Options.Timeout.
//
// Errors: [AuthError] (for want of Describe or DescribeConfigs),
// [UnavailableError].
func (c *Cluster) Describe(ctx context.Context, names ...string) (map[string]TopicInfo, error) {
	var infos map[string]TopicInfo
	err := c.retry(ctx, "describe topics "+strings.Join(names, ", "), c.dialer, func(ctx context.Context) (err error) {
		infos, err = c.describe(ctx, names)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, t := range infos {
		if t.Exists {
			c.remember(t.Name, topicLimits{partitions: t.Partitions, maxBytes: t.MaxMessageBytes})
		}
	}
	return infos, nil
}

func (c *Cluster) describe(ctx context.Context, names []string) (map[string]TopicInfo, error) {
	infos := make(map[string]TopicInfo, len(names))
	if len(names) == 0 {
		return infos, nil
	}
	topics, err := metadata(ctx, c.client, names...)
	if err != nil {
		return nil, err
	}
	var existing []string
	for _, t := range topics {
		info := TopicInfo{Name: *t.Topic, CanRead: true, CanWrite: true}
		if !errors.Is(kerr.ErrorForCode(t.ErrorCode), kerr.UnknownTopicOrPartition) {
			existing = append(existing, info.Name)
			info.Exists = true
			info.ID = topicID(t.TopicID)
			info.Partitions = int32(len(t.Partitions))
			if ops := t.AuthorizedOperations; ops != math.MinInt32 {
				info.CanRead = ops&(1<<kmsg.ACLOperationRead) != 0
				info.CanWrite = ops&(1<<kmsg.ACLOperationWrite) != 0
			}
		}
		infos[info.Name] = info
	}
	if len(existing) == 0 {
		return infos, nil
	}
	configs, err := c.configs(ctx, existing)
	if err != nil {
		return nil, err
	}
	for name, config := range configs {
		info := infos[name]
		info.Config = config
		if info.MaxMessageBytes, err = strconv.Atoi(config["max.message.bytes"]); err != nil {
			info.MaxMessageBytes = defaultMaxMessageBytes
		}
		infos[name] = info
	}
	starts, ends, err := offsets(ctx, c.client, existing...)
	if err != nil {
		return nil, err
	}
	for _, name := range existing {
		info := infos[name]
		info.StartOffsets, info.EndOffsets = starts[name], ends[name]
		if len(info.StartOffsets) != int(info.Partitions) || len(info.EndOffsets) != int(info.Partitions) {
			return nil, fmt.Errorf("topic %q: the brokers do not agree on its partitions yet", name)
		}
		infos[name] = info
	}
	return infos, nil
}

// configs asks for all settings of topics that exist.
func (c *Cluster) configs(ctx context.Context, names []string) (map[string]map[string]string, error) {
	req := kmsg.NewPtrDescribeConfigsRequest()
	for _, name := range names {
		r := kmsg.NewDescribeConfigsRequestResource()
		r.ResourceType, r.ResourceName = kmsg.ConfigResourceTypeTopic, name
		req.Resources = append(req.Resources, r)
	}
	resp, err := req.RequestWith(ctx, c.client)
	if err != nil {
		return nil, err
	}
	out := make(map[string]map[string]string, len(names))
	for _, r := range resp.Resources {
		if err := topicFault(r.ResourceName, "DescribeConfigs", kerr.ErrorForCode(r.ErrorCode)); err != nil {
			return nil, err
		}
		config := make(map[string]string, len(r.Configs))
		for _, kv := range r.Configs {
			if kv.Value != nil {
				config[kv.Name] = *kv.Value
			}
		}
		out[r.ResourceName] = config
	}
	return out, nil
}

// metadata asks for topics by name. In the answer each has a name, and either
// exists with partitions in order, all of them with a leader, or does not.
func metadata(ctx context.Context, client *kgo.Client, names ...string) ([]kmsg.MetadataResponseTopic, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.IncludeTopicAuthorizedOperations = true
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = kmsg.StringPtr(name)
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return nil, err
	}
	for _, t := range resp.Topics {
		if t.Topic == nil {
			return nil, errors.New("the broker answered with a topic that has no name")
		}
		err := kerr.ErrorForCode(t.ErrorCode)
		if errors.Is(err, kerr.UnknownTopicOrPartition) {
			continue
		}
		if err := topicFault(*t.Topic, "Describe", err); err != nil {
			return nil, err
		}
		slices.SortFunc(t.Partitions, func(a, b kmsg.MetadataResponseTopicPartition) int { return int(a.Partition - b.Partition) })
		if len(t.Partitions) == 0 {
			return nil, fmt.Errorf("topic %q: no partitions yet", *t.Topic)
		}
		for i, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return nil, fmt.Errorf("topic %q partition %d: %w", *t.Topic, p.Partition, err)
			}
			if p.Leader < 0 || p.Partition != int32(i) {
				return nil, fmt.Errorf("topic %q partition %d: no leader", *t.Topic, p.Partition)
			}
		}
	}
	if len(resp.Topics) != len(req.Topics) {
		return nil, fmt.Errorf("the broker answered for %d of %d topics", len(resp.Topics), len(req.Topics))
	}
	return resp.Topics, nil
}

// offsets lists by topic and partition where logs start and their high
// watermarks. Asked with read_committed instead, the latter would be the last
// stable offsets, which hide what stands behind an open transaction.
func offsets(ctx context.Context, client *kgo.Client, topics ...string) (starts, ends map[string][]int64, err error) {
	admin := kadm.NewClient(client)
	if starts, err = flat(admin.ListStartOffsets(ctx, topics...)); err != nil {
		return nil, nil, err
	}
	ends, err = flat(admin.ListEndOffsets(ctx, topics...))
	return starts, ends, err
}

// stableOffsets lists by topic and partition where the first open transaction
// begins, or else the log ends.
func stableOffsets(ctx context.Context, client *kgo.Client, topics ...string) (map[string][]int64, error) {
	listed, err := kadm.NewClient(client).ListCommittedOffsets(ctx, topics...)
	return flat(listed, err)
}

func flat(listed kadm.ListedOffsets, err error) (map[string][]int64, error) {
	if err != nil {
		return nil, err
	}
	out := make(map[string][]int64, len(listed))
	for name, partitions := range listed {
		for _, p := range slices.Sorted(maps.Keys(partitions)) {
			o := partitions[p]
			if err := topicFault(name, "Describe", o.Err); err != nil {
				return nil, err
			}
			out[name] = append(out[name], o.Offset)
		}
	}
	return out, nil
}

// Create makes topics that do not exist and waits until the brokers know them.
// Existing ones are left as they are: [Cluster.Describe] tells how that is.
//
// Errors: [AuthError], [TopicError] (a topic cannot be as asked for),
// [UnavailableError].
func (c *Cluster) Create(ctx context.Context, specs []TopicSpec) error {
	if len(specs) == 0 {
		return nil
	}
	var names []string
	for _, s := range specs {
		names = append(names, s.Name)
	}
	err := c.retry(ctx, "create topics "+strings.Join(names, ", "), c.dialer, func(ctx context.Context) error {
		return c.create(ctx, specs)
	})
	if err != nil {
		return err
	}
	return c.retry(ctx, "wait for topics "+strings.Join(names, ", "), c.dialer, func(ctx context.Context) error {
		infos, err := c.describe(ctx, names)
		if err != nil {
			return err
		}
		for _, t := range infos {
			if !t.Exists {
				return fmt.Errorf("topic %q was created, but the brokers do not know it yet", t.Name)
			}
			c.remember(t.Name, topicLimits{partitions: t.Partitions, maxBytes: t.MaxMessageBytes})
		}
		return nil
	})
}

func (c *Cluster) create(ctx context.Context, specs []TopicSpec) error {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = int32(tryTimeout.Milliseconds())
	for _, s := range specs {
		t := kmsg.NewCreateTopicsRequestTopic()
		t.Topic, t.NumPartitions, t.ReplicationFactor = s.Name, -1, -1
		if s.Partitions > 0 {
			t.NumPartitions = s.Partitions
		}
		if s.ReplicationFactor > 0 {
			t.ReplicationFactor = s.ReplicationFactor
		}
		for _, k := range slices.Sorted(maps.Keys(s.Config)) {
			kv := kmsg.NewCreateTopicsRequestTopicConfig()
			kv.Name, kv.Value = k, kmsg.StringPtr(s.Config[k])
			t.Configs = append(t.Configs, kv)
		}
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, c.client)
	if err != nil {
		return err
	}
	for _, t := range resp.Topics {
		err := kerr.ErrorForCode(t.ErrorCode)
		if err == nil || errors.Is(err, kerr.TopicAlreadyExists) {
			continue
		}
		if t.ErrorMessage != nil {
			err = fmt.Errorf("%w: %s", err, *t.ErrorMessage)
		}
		if isAny(err, kerr.ClusterAuthorizationFailed, kerr.TopicAuthorizationFailed) {
			return &AuthError{Resource: topicResource(t.Topic), Operation: "Create", Err: err}
		}
		if isAny(err, kerr.InvalidTopicException, kerr.InvalidPartitions, kerr.InvalidReplicationFactor, kerr.InvalidConfig,
			kerr.InvalidRequest, kerr.PolicyViolation) {
			return &TopicError{Topic: t.Topic, Err: fmt.Errorf("cannot be created: %w", err)}
		}
		return fmt.Errorf("topic %q: %w", t.Topic, err)
	}
	return nil
}

// topicFault gives an error about a topic its type.
func topicFault(name, op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		return &AuthError{Resource: topicResource(name), Operation: op, Err: err}
	case errors.Is(err, kerr.InvalidTopicException):
		return &TopicError{Topic: name, Err: err}
	}
	return fmt.Errorf("topic %q: %w", name, err)
}

func topicResource(name string) string { return fmt.Sprintf("topic %q", name) }

// topicID is the form that Kafka's tools print, empty for brokers without ids.
func topicID(id [16]byte) string {
	if id == ([16]byte{}) {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(id[:])
}
