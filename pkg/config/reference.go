package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxReferenced is how many bytes of a file ${file:PATH} takes; secrets and certificates are smaller.
const maxReferenced = 1 << 20

// expand puts the references of text in and passes the text around them through literal, which may be nil. whole is true where
// text is one reference and nothing else. Errors name what a reference names, never what it stands for.
func (l *loader) expand(text string, literal func(string) (string, error)) (expanded string, whole bool, err error) {
	var out, plain strings.Builder
	flush := func() error {
		s := plain.String()
		plain.Reset()
		if literal != nil {
			var err error
			if s, err = literal(s); err != nil {
				return err
			}
		}
		out.WriteString(s)
		return nil
	}
	for rest := text; rest != ""; {
		i := strings.IndexByte(rest, '$')
		if i < 0 {
			plain.WriteString(rest)
			break
		}
		plain.WriteString(rest[:i])
		rest = rest[i:]
		switch {
		case strings.HasPrefix(rest, "$${"):
			if err := flush(); err != nil {
				return "", false, err
			}
			out.WriteString("${") // not plain: its brace is meant
			rest = rest[3:]
		case strings.HasPrefix(rest, "${"):
			if err := flush(); err != nil {
				return "", false, err
			}
			body, after, closed := strings.Cut(rest[2:], "}")
			if !closed {
				return "", false, errors.New("has a ${ without its }; write $${ for the two characters themselves")
			}
			value, err := l.dereference(body)
			if err != nil {
				return "", false, err
			}
			out.WriteString(value)
			whole = len(text) == len(body)+3
			rest = after
		default:
			plain.WriteByte('$')
			rest = rest[1:]
		}
	}
	if err := flush(); err != nil {
		return "", false, err
	}
	return out.String(), whole, nil
}

// dereference is the value of what stands between ${ and }. That of a file, or of a variable with a secret's name, is one wherever
// it stands.
func (l *loader) dereference(body string) (string, error) {
	if path, ok := strings.CutPrefix(body, "file:"); ok {
		text, err := l.readReferenced(path)
		l.secret(text)
		return text, err
	}
	name, fallback, hasDefault := strings.Cut(body, ":-")
	if !isVariable(name) {
		return "", errors.New("has a ${…} that is no reference; write ${NAME}, ${NAME:-default} or ${file:PATH}, and $${ for the two characters themselves")
	}
	if strings.Contains(fallback, "${") {
		return "", fmt.Errorf("has a reference inside the default of ${%s:-…}; a default is plain text", name)
	}
	value, ok := l.env(name)
	switch {
	case hasDefault && value == "":
		value = fallback
	case ok && (looksSecret(name) || l.hiding && len(value) >= minSecretName):
		l.secret(value)
	case !ok:
		return "", fmt.Errorf("refers to the environment variable %s, which is not set; set it, or give a default: ${%s:-…}", name, name)
	}
	if !utf8.ValidString(value) {
		return "", fmt.Errorf("refers to the environment variable %s, which is not UTF-8", name)
	}
	return value, nil
}

func isVariable(name string) bool {
	return name != "" && (name[0] < '0' || name[0] > '9') &&
		!strings.ContainsFunc(name, func(c rune) bool { return c == '-' || !isNameRune(c) })
}

func (l *loader) readReferenced(path string) (string, error) {
	if path == "" {
		return "", errors.New("has ${file:} without a path")
	}
	data, err := readFile(l.path(path), maxReferenced)
	if err != nil {
		return "", fmt.Errorf("refers to the file %s, which can't be read: %w", strconv.Quote(path), err)
	}
	if !utf8.Valid(data) {
		return "", fmt.Errorf("refers to the file %s, which is not UTF-8", strconv.Quote(path))
	}
	if text, ok := strings.CutSuffix(string(data), "\r\n"); ok {
		return text, nil
	}
	return strings.TrimSuffix(string(data), "\n"), nil
}

// readFile reads a regular file or a pipe (a shell's <(command)) of at most limit bytes. Devices may have no end. Its errors
// don't repeat the path.
func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, cause(err)
	}
	if !info.Mode().IsRegular() && info.Mode()&fs.ModeNamedPipe == 0 {
		return nil, errors.New("not a file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, cause(err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, cause(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	return data, nil
}

// cause is a file error without operation and path.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
