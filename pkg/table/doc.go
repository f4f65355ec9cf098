// Package table knows what a compacted topic holds: which keys are live, with which content, and which of them a walk has not seen.
//
// An [Index] is a pure function of the committed topic, built by [Load]. Applied only after a confirmed commit it may lag behind
// the topic, and never leads it. It keeps 16 bytes a key: a 64-bit print of the key and 62 bits of its content hash. Two keys
// with one print (a chance of 1 in 10⁵ at 20 million keys) can make an unchanged record be published again, or hide a delete;
// they can't suppress a change unless the hashes agree in 62 bits as well.
package table
