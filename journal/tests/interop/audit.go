// Checks a log's folder with the implementations that the formats come from:
// sumdb/note and sumdb/tlog of golang.org/x/mod, and Tessera's fsck.
//
// audit DIR VKEY-FILE
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	log.SetFlags(0)
	dir := os.Args[1]
	vkey, err := os.ReadFile(os.Args[2])
	check(err)
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	check(err)
	tree := open(filepath.Join(dir, "checkpoint"), verifier)
	older := open(filepath.Join(dir, "older"), verifier)
	hashes := tlog.TileHashReader(tree, tiles(dir))

	// What the tiles say is checked against the root on the way.
	proof, err := tlog.ProveTree(tree.N, older.N, hashes)
	check(err)
	check(tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash))
	ours := read(filepath.Join(dir, "older.proof"))
	same(hashLines(ours), proof, "consistency proof")

	entries, err := filepath.Glob(filepath.Join(dir, "*.entry"))
	check(err)
	if len(entries) == 0 {
		log.Fatal("no entries to check")
	}
	for _, path := range entries {
		n, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(path), ".entry"), 10, 64)
		check(err)
		proof, err := tlog.ProveRecord(tree.N, n, hashes)
		check(err)
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, n, tlog.RecordHash(read(path))))
		same(hashLines(read(path+".tlog-proof")), proof, path)
	}

	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	// With one worker it hangs where something does not match.
	whole := fsck.New(verifier.Name(), verifier, client.FileFetcher{Root: dir}, leafHashes, fsck.Opts{N: 4})
	done := make(chan error, 1)
	go func() { done <- whole.Check(ctx) }()
	select {
	case err := <-done:
		check(err)
	case <-ctx.Done():
		log.Fatal("fsck did not end")
	}
	fmt.Printf("%d entries, %d proofs\n", tree.N, len(entries))
}

func open(path string, verifier note.Verifier) tlog.Tree {
	opened, err := note.Open(read(path), note.VerifierList(verifier))
	check(err)
	// The text of tlog.FormatTree with another first line.
	_, rest, _ := strings.Cut(opened.Text, "\n")
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + rest))
	check(err)
	return tree
}

type tiles string

func (tiles) Height() int { return 8 }

func (dir tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		// tlog's paths have the height of tiles in them.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		bytes, err := os.ReadFile(filepath.Join(string(dir), path))
		if err != nil {
			return nil, err
		}
		found = append(found, bytes)
	}
	return found, nil
}

func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

var hashLine = regexp.MustCompile(`^[A-Za-z0-9+/]{43}=$`)

// hashLines returns the hashes of a proof, which end with its first empty line.
func hashLines(proof []byte) []tlog.Hash {
	head, _, _ := bytes.Cut(proof, []byte("\n\n"))
	var hashes []tlog.Hash
	for _, line := range strings.Split(string(head), "\n") {
		if hashLine.MatchString(line) {
			hash, err := tlog.ParseHash(line)
			check(err)
			hashes = append(hashes, hash)
		}
	}
	return hashes
}

func same(ours, theirs []tlog.Hash, what string) {
	if fmt.Sprint(ours) != fmt.Sprint(theirs) {
		log.Fatalf("%s: %v instead of %v", what, ours, theirs)
	}
}

func leafHashes(bundle []byte) ([][]byte, error) {
	var entries api.EntryBundle
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	var hashes [][]byte
	for _, entry := range entries.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}

func read(path string) []byte {
	bytes, err := os.ReadFile(path)
	check(err)
	return bytes
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
