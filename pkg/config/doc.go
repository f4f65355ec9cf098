// Package config turns dlt-shaped YAML into validated values.
//
// The block under source is the dictionary of dlt's rest_api_source, key for key, with dlt's names, dlt's defaults and dlt's
// merging of resource_defaults. What dlt accepts and this program doesn't build is refused by name, with the line it stands on and with
// what to use instead; nothing is ignored. The blocks pipeline, kafka and schema are this program's own.
//
// [Load] reads a file and the environment, [Parse] the same from memory. Both report every mistake at once, as an [*Errors] whose
// [Problem] values carry file, line and key. A [Config] that was returned is complete: defaults are filled in, resource_defaults and the
// two kafka blocks are merged, templates are expanded, paths are resolved against the file's directory, and unselected resources
// are gone. Callers don't check anything again.
//
// Values may hold references, which are put in after the YAML is parsed and never read as YAML again:
//
//	${NAME}            the environment variable NAME; unset is a mistake
//	${NAME:-default}   the same, or default where it is unset or empty
//	${file:PATH}       the file's text without one trailing newline; PATH is relative to the configuration file
//	$${                a literal ${
//
// A value that is one reference alone is typed as YAML would type its text (limit: "${LIMIT}" is a number), except where text or a
// secret is wanted. Secrets are of type [Secret], which no formatting verb and no encoder reveals. No message of this package shows a
// value that a reference stands for, nor the value of a secret key.
package config
