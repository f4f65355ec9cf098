// Package importer reads the configuration of a dlt rest_api source out of the Python file it is in, without Python.
//
// A dlt source is a dictionary, but one that is built by a program: with variables, functions, f-strings, environment variables and
// secrets. [Import] therefore runs the file: it is cut into Python's tokens, each statement is written as Starlark (a dialect of Python
// made for configuration: no network, no files), and that is evaluated within bounds of size, steps and memory. Names that
// the file imports stand for models of what they are in dlt. What rest_api_source, rest_api_resources and pipeline.run are called
// with is what is imported.
//
// Secrets and environment variables are not looked up. They become the references of our configuration, under the names by which dlt
// itself finds them in the environment:
//
//	dlt.secrets["api_key"]              ${API_KEY}
//	dlt.secrets["sources.crm.api_key"]  ${SOURCES__CRM__API_KEY}
//	token=dlt.secrets.value             ${TOKEN}
//	dlt.secrets["user"]                 ${SOURCES__USER}, as systems set USER themselves
//	os.getenv("LIMIT", "100")           ${LIMIT:-100}
//
// A moment that the clock gives is computed where it stands in initial_value, when the file is imported, and is unknown elsewhere.
// What only Python knows (other libraries, functions, what a variable of the environment holds) becomes an unknown value.
// It does no harm where it has nothing to do with the source; where it stands in the configuration it is a [Problem] with its line,
// and where a condition or a loop depends on it, a note says how that was taken. A file that can't be understood is an [*Error].
package importer
