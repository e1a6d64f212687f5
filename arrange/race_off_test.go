//go:build !race

package arrange

const raceEnabled = false
