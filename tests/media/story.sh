#!/bin/sh
# What a person does with sticks, on whatever file system is mounted. Says "ok NAME" or "not ok NAME" for each step.
#   story.sh OKIBI WORK STICK SMALL-1 SMALL-2 SMALL-3 REREADS SLICE-LIMIT [MODEL-BEYOND-4-GIB]
# STICK has some megabytes, each SMALL one about one. REREADS: yes if a file read back here comes from the medium.
# SLICE-LIMIT: a slice that the file system cannot hold, or "-".
okibi=$1 work=$2 stick=$3 one=$4 two=$5 three=$6 rereads=$7 limit=$8 big=$9
export HOME="$work"
unset OKIBI_HOME

is() { # NAME EXPECTED-EXIT COMMAND...
    name=$1 expected=$2
    shift 2
    "$@" >"$work/out" 2>"$work/err" </dev/null
    found=$?
    if [ "$found" = "$expected" ]; then
        echo "ok $name"
    else
        echo "not ok $name: exit $found"
        cat "$work/out" "$work/err"
    fi
}
says() { # NAME TEXT: the last command said so
    if grep -q -e "$2" "$work/out" "$work/err"; then
        echo "ok $1"
    else
        echo "not ok $1: no \"$2\" in:"
        cat "$work/out" "$work/err"
    fi
}
alice() { "$okibi" --home "$work/alice" "$@"; }
bob() { "$okibi" --home "$work/bob" "$@"; }

is found 0 alice circle found hearth --as alice
bob key card >"$work/card" 2>/dev/null
is admit 0 alice circle admit "$work/card" --name bob --yes
id=$(alice circle list --json | sed -n 's/.*"circle":"\([0-9a-f]*\)".*/\1/p')
is accept 0 bob circle accept "$id" --yes
printf 'a note about nothing\n' >"$work/note.txt"
is add 0 alice library add "$work/note.txt" --title Note
is share 0 alice library share Note

cp -r "$work/bob" "$work/before"
is export 0 alice export-bundle --to bob "$stick"
if [ "$rereads" = yes ]; then
    says reread "read back and verified"
else
    says reread "may have come from the cache"
fi
is verify 0 bob verify-bundle "$stick"
is import 0 bob import-bundle "$stick"
says acknowledged "acknowledged on the medium"
is import-again 0 bob import-bundle "$stick"
is collect 0 alice import-bundle "$stick"
is nothing-new 0 alice export-bundle --to bob "$stick"
says nothing-new "nothing new"

# Something that no small medium holds.
i=0
while [ "$i" -lt 5 ]; do
    head -c 400000 /dev/urandom | od -An -v -tx1 | head -c 500000 >"$work/large-$i.txt"
    is "add-$i" 0 alice library add "$work/large-$i.txt" --title "Large $i"
    is "share-$i" 0 alice library share "Large $i"
    i=$((i + 1))
done
is full 16 alice export-bundle --to bob "$one"
says full-says "bytes are needed"
left=$(find "$one" -name '*.age' -o -name SUMS | wc -l)
if [ "$left" = 0 ]; then echo "ok full-clean"; else echo "not ok full-clean: $left files"; fi

is spread 0 alice export-bundle --to bob "$one" "$two" "$three" "$stick"
is early 11 bob import-bundle "$one"
says early-says "still missing"
is early-again 11 bob import-bundle "$one"
is set 0 bob import-bundle "$three" "$stick" "$two"
says set-says "new documents"
is answered 0 alice import-bundle "$three"

is slices 0 alice export-bundle --full --to bob --slice 256K --parity 20% "$stick"
says slices-says "of parity"
slice=$(find "$stick" -name 002.age | head -n 1)
rm "$slice"
is repaired 0 bob import-bundle "$stick"
says repaired-says "repaired from parity"
if [ "$limit" != - ]; then
    is limit 1 alice export-bundle --full --to bob --slice "$limit" "$stick"
    says limit-says "no slice of 4 GiB"
fi

# A model beyond 4 GiB, where there is one and room for it.
if [ -n "$big" ]; then
    is big-add 0 alice model add "$big" --name big
    is big-share 0 alice model share big --licence CC0-1.0
    is big-export 0 alice export-bundle --to bob "$stick"
    says big-export-says "2 slices"
    is big-import 0 bob import-bundle "$stick"
    says big-import-says "new models: big"
    find "$stick" -name '*.age' -size +1M -exec ls -l {} +
fi

is fresh 0 alice export-bundle --full --to bob "$stick"
sync
if "$work/remount" ro; then
    is read-only 1 alice export-bundle --full --to bob "$stick"
    says read-only-says "remount it for writing"
    mv "$work/bob" "$work/bob-gone"
    mv "$work/before" "$work/bob"
    is read-only-import 0 bob import-bundle "$stick"
    says read-only-import-says "goes with the next export"
else
    echo "not ok read-only: cannot remount"
fi
echo "end"
