package pipeline

import (
	"regexp"
	"strings"
	"testing"

	"producer/pkg/config"
	"producer/pkg/kafka"
)

// Missing rights are told in the same order by every run.
func TestMissingRightsAreSorted(t *testing.T) {
	p := &Pipeline{cfg: &config.Config{Pipeline: "p"}}
	infos := map[string]kafka.TopicInfo{}
	for _, name := range strings.Split("hgfedcba", "") {
		infos[name] = kafka.TopicInfo{Name: name, Exists: true}
	}
	err := p.preflight(infos)
	var got strings.Builder
	for _, m := range regexp.MustCompile(`topic "(.)"`).FindAllStringSubmatch(err.Error(), -1) {
		got.WriteString(m[1])
	}
	if got.String() != "abcdefgh" {
		t.Errorf("topics in the order %s: %v", &got, err)
	}
}
