package types

// Status says how a conversion went. Whether a Status other than OK is an
// error, a warning or nothing is the caller's to decide (sql_mode, IGNORE,
// CAST); the numbers named are MySQL's for an assignment in strict mode.
type Status uint8

// The outcomes. The value that comes with them is what MySQL stores when the
// outcome is only a warning.
const (
	OK         Status = iota
	Noted             // digits or a time part were rounded or cut away: a note at most, 1265
	Truncated         // the text goes on behind the value: 1265 or 1292
	Incorrect         // no value of the type in the text: 1366, of dates 1292
	OutOfRange        // beyond the type; the value is the nearest in it: 1264
	TooLong           // the string was cut to the type's length: 1406
)
