package config

import (
	"slices"
	"strings"
)

// fromParent reads include_from_parent: names of fields, each of one name.
func (l *loader) fromParent(n *node) []string {
	if n.kind != listKind {
		l.wrong(n, "is %s; it must be a list of the parent's fields, as in [id, name]", n.what())
		return nil
	}
	var names []string
	for _, item := range n.items {
		name, ok := l.text(item)
		if ok && slices.Contains(names, name) {
			l.wrong(item, "is given twice; remove one")
		} else if ok {
			names = append(names, name)
		}
	}
	return names
}

// linkParents finds the resources that the placeholders of others name.
func (l *loader) linkParents(all []unfinished) {
	for i := range all {
		u := &all[i]
		if u.Parent = l.parentOf(u, all); u.Parent == nil && len(u.FromParent) > 0 {
			l.wrong(u.at.within("include_from_parent"), "needs a parent; %s", parent)
		}
		if u.Parent != nil && len(u.FromParent) > 0 && u.topic.Deletes.Path != "" {
			l.wrong(u.topic.deletes, "has a path, and a record that is asked for by it lacks what include_from_parent adds; write deletes: confirmed")
		}
	}
	for i := range all {
		chain := []string{all[i].Name}
		for p := all[i].Parent; p != nil; p = p.Parent {
			if chain = append(chain, p.Name); p.Name == all[i].Name {
				l.wrong(all[i].at.within("endpoint"), "goes round in a circle: %s; a resource can't be its own parent", strings.Join(chain, ", child of "))
				break
			}
			if len(chain) > len(all) { // a circle further up, which is reported there
				break
			}
		}
	}
}

func (l *loader) parentOf(u *unfinished, all []unfinished) *Resource {
	at := u.at.within("endpoint")
	var found *Resource
	for _, h := range u.Endpoint.Holes {
		i := slices.IndexFunc(all, func(o unfinished) bool { return o.Name == h.Resource })
		switch {
		case i < 0:
			var names []string
			for _, o := range all {
				names = append(names, o.Name)
			}
			l.wrong(at, "has %s, but there is no such resource; %s", h, suggest(h.Resource, names))
			return nil
		case found != nil && found.Name != h.Resource:
			l.wrong(at, "has fields of two resources, %s and %s; a resource has one parent", found.Name, h.Resource)
			return nil
		}
		found = &all[i].Resource
	}
	return found
}
