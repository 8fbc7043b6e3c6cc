# For tests of the program from outside: counts, checks, a folder of their own. Sourced with the test's name and FAUVE.
name=$1 fauve=$(realpath "$2")
t=$(mktemp -d)
export XDG_DATA_HOME=$t/data FAUVE_STYLES=$t/styles NO_COLOR=1 FAUVE_CACHE=       # bytes are compared: no choice by the clock
passed=0 failed=0

check() # WHAT CONDITION...: one test
{
	local what=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s: %s: failed\n' "$name" "$what"
		sed 's/^/    /' "$t/err" 2>/dev/null | tail -5
	fi
}

run() # CODE TEXT ARGUMENTS...: the program ends with CODE, and stderr has TEXT (a pattern; empty: nothing is asked)
{
	local code=$1 text=$2 got
	shift 2
	"$fauve" "$@" >"$t/out" 2>"$t/err"
	got=$?
	check "fauve $*: exit $code, came $got" [ "$got" = "$code" ]
	[ -z "$text" ] || check "fauve $*: says '$text'" grep -q -e "$text" "$t/err"
	[ "$code" = 0 ] || check "fauve $*: the last line is 'fauve: ...'" sh -c "tail -1 '$t/err' | grep -q '^fauve: '"
}

one_line() # CODE TEXT ARGUMENTS...: as run, and nothing but one line is said, except which device it is
{
	run "$@"
	check "fauve ${*:3}: one line" [ "$(grep -vc '^device: ' "$t/err")" = 1 ]
}

wait_for() # FILE: until it is there and not empty, half a minute at most
{
	local i
	for ((i = 0; i < 600; i++)); do
		[ -s "$1" ] && return 0
		sleep 0.05
	done
	return 1
}

# What is the same in two runs that were trained alike.
same_run() # WHAT A B
{
	local f
	for f in checkpoint.safetensors model.safetensors stats.jsonl; do
		check "$1: $f has the same bytes" cmp -s "$2/$f" "$3/$f"
	done
}

# An idx file of COUNT grey pictures of 12x12: bytes of a photograph.
make_idx() # COUNT FILE
{
	{
		printf '\0\0\10\3\0\0\0\'"$(printf %o "$1")"'\0\0\0\14\0\0\0\14'
		head -c $((2000 + $1 * 144)) tests/data/mountain_path.jpg | tail -c $(($1 * 144))
	} >"$2"
}

finish()
{
	rm -rf "$t"
	echo "$name: $passed passed, $failed failed"
	[ "$failed" = 0 ]
	exit
}
