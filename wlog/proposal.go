package wlog

import (
	"context"
	"fmt"
)

// Proposal is one entry on its way through a driver: made by Propose, given an
// index when it is appended, a result when it is applied, and ended by Answer.
// Until then it belongs to the driver.
type Proposal struct {
	Data  []byte
	Index uint64

	result any
	err    error
	done   chan struct{} // closed when the fields above are final
}

// NewProposal returns a Proposal of data, unless ctx has ended or data is
// more than MaxEntry.
func NewProposal(ctx context.Context, data []byte) (*Proposal, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(data) > MaxEntry {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(data))
	}
	return &Proposal{Data: data, done: make(chan struct{})}, nil
}

// Wait returns what Propose is to return: the outcome, or ctx's error when
// that ends first.
func (p *Proposal) Wait(ctx context.Context) (index uint64, result any, err error) {
	select {
	case <-p.done:
		if p.err != nil {
			return 0, nil, p.err
		}
		return p.Index, p.result, nil
	case <-ctx.Done():
		return 0, nil, ctx.Err()
	}
}

// ApplyGroup hands appended proposals to machine and keeps its results. The
// error is a fault of the replica.
func ApplyGroup(machine Driven, group []*Proposal) error {
	entries := make([]Entry, len(group))
	for i, p := range group {
		entries[i] = Entry{Index: p.Index, Data: p.Data}
	}
	results, err := machine.Apply(entries)
	if err == nil && len(results) != len(entries) {
		err = fmt.Errorf("%d results for %d entries", len(results), len(entries))
	}
	if err != nil {
		return fmt.Errorf("apply entries %d to %d: %w", entries[0].Index, entries[len(entries)-1].Index, err)
	}
	for i, p := range group {
		p.result = results[i]
	}
	return nil
}

// Answer ends the proposals of group: with their results, or with err.
func Answer(group []*Proposal, err error) {
	for _, p := range group {
		p.err = err
		close(p.done)
	}
}
