// Package flights holds a slice of US DOT's on-time flight data; README.md
// names the source.
package flights

import _ "embed"

// Flights is flights.csv: at, origin, destination, delay, distance.
//
//go:embed flights.csv
var Flights string

// Airports is airports.csv: iata, name, city, state.
//
//go:embed airports.csv
var Airports string
