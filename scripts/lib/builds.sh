# shellcheck shell=bash
# Builds loadgen as it is or was. To be sourced, after tools.sh. Binaries are kept in
# target/against/COMMIT and share the dependencies in target/against/build.

: "${root:?tools.sh was not sourced}"

# loadgen_of COMMIT: prints the path of its binary.
loadgen_of() {
    local commit
    commit=$(git rev-parse --verify --quiet "$1^{commit}") || {
        echo "no such commit: $1" >&2
        return 2
    }
    loadgen_from "$commit"
}

# loadgen_as_it_is: the same of what is checked out, changes that are not committed included. Those
# have no commit, so that their binary is kept by the id of the tree.
loadgen_as_it_is() {
    local changed
    changed=$(git stash create) || return
    if [ -n "$changed" ]; then
        loadgen_from "$(git rev-parse "$changed^{tree}")"
    else
        loadgen_of HEAD
    fi
}

# loadgen_from TREE
loadgen_from() {
    local kept=$root/target/against/$1 source status=0
    if [ ! -x "$kept/loadgen" ]; then
        heading "building loadgen of $1" >&2
        # Outside of this checkout, since cargo reads .cargo/config.toml of folders above, too. With the
        # time of day for each file (-m), as cargo builds only what is newer than its last build.
        source=$(mktemp -d)
        { git archive "$1" | tar -xm -C "$source" && build "$source" "$kept"; } || status=$?
        rm -rf "$source"
    fi
    echo "$kept/loadgen"
    return "$status"
}

# build SOURCE FOLDER: the release build, in one step, as a binary that is there is taken for whole.
build() {
    local shared=$root/target/against/build
    (cd "$1" && CARGO_TARGET_DIR=$shared cargo build --release --locked --bin loadgen) >&2 &&
        mkdir -p "$2" && cp "$shared/release/loadgen" "$2/loadgen.new" && mv "$2/loadgen.new" "$2/loadgen"
}
