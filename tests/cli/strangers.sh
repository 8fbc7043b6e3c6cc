#!/bin/bash
# tests/cli/strangers.sh FAUVE MAKE_MODEL: what a stranger may have put there: links and pipes in a run's folder, settings that
# lie, names that steer a terminal; and what a run's folder says of its owner. In the source tree's root.
set -u
. tests/shell.sh strangers "$1"
make_model=$(realpath "$2")
photo=$PWD/tests/data/mountain_path.jpg
trap 'rm -rf "$t"' EXIT
make_idx 20 "$t/digits.idx" && "$make_model" strokenet "$t/brush.safetensors" || exit 1
cd "$t" || exit 1
limited=$t/limited
printf '#!/bin/sh\nexec timeout -k 1 20 "%s" "$@"\n' "$fauve" >"$limited"
chmod +x "$limited"
real=$fauve fauve=$limited              # a wait for a pipe is a failure, not the end of the test
dense="train dense --data digits.idx --batch 4 --threads 1 --checkpoint-every 0.1s"
run 0 "" $dense --steps 12 -o honest

# ---- members of a run's folder
for member in stats.jsonl times.jsonl lock run.json checkpoint.safetensors checkpoint.previous.safetensors model.safetensors; do
	for kind in link dangling pipe; do
		rm -rf run precious
		cp -r honest run
		echo precious >precious
		rm -f "run/$member"
		case $kind in
		link) ln -s ../precious "run/$member" ;;
		dangling) ln -s ../nothing "run/$member" ;;
		pipe) mkfifo "run/$member" ;;
		esac
		one_line 4 "run/$member: is " -q $dense --steps 20 -o run
		check "$member as $kind: what it names is as it was" [ "$(cat precious)" = precious -a ! -e nothing ]
	done
done
for member in stats.jsonl times.jsonl lock; do
	rm -rf run
	cp -r honest run
	cp honest/stats.jsonl twin
	ln -f twin "run/$member"
	one_line 4 "run/$member: has a second name" -q $dense --steps 20 -o run
	check "$member with a second name: the other is as it was" cmp -s twin honest/stats.jsonl
done
rm -rf run
cp -r honest run
rm -rf run/sheets
mkdir elsewhere
ln -s ../elsewhere run/sheets
one_line 4 "run/sheets: is no folder of the run's own" -q $dense --steps 20 -o run
check "nothing is written elsewhere" [ -z "$(ls elsewhere)" ]
rm run/sheets
one_line 3 "run/sheets\|holds no run" -q train --resume elsewhere

# ---- pipes, devices and links as input and output
mkfifo pipe pipe.jpg
one_line 3 "pipe: is not a file, but a pipe" -q train dense --data pipe -o new
one_line 3 "/dev/zero: is not a file, but a pipe" -q train dense --data /dev/zero -o new
one_line 3 "pipe: is not a file, but a pipe" info pipe
one_line 3 "pipe: is not a file, but a pipe" -q apply pipe "$photo" -o x.png
one_line 3 "pipe.jpg: " -q apply brush.safetensors pipe.jpg -o x.png
echo precious >precious
ln -s precious link.png
one_line 4 "link.png: is a link to another file" -q apply brush.safetensors "$photo" -o link.png
check "what it names is as it was" [ "$(cat precious)" = precious ]
(umask 027; exec "$fauve" -q apply brush.safetensors "$photo" -o out.png)
check "a new picture has the mode of any new file" [ "$(stat -c %a out.png)" = 640 ]
chmod 604 out.png
run 0 "" -q apply brush.safetensors "$photo" -o out.png
check "a replaced one keeps its own" [ "$(stat -c %a out.png)" = 604 ]

# ---- settings that lie
lie() # JSON TEXT
{
	rm -rf lie
	mkdir lie
	printf '%s' "$1" >lie/run.json
	one_line 3 "lie/run.json: .*$2" -q train --resume lie
	check "$1: nothing is made" [ "$(ls lie)" = run.json -o ! -e lie/model.safetensors ]
}
base='"recipe":"dense","data":"digits.idx"'
for json in '[]' '{}' '7' '' 'null' '{"recipe":7}' '{"recipe":"x"}' '{"recipe":"dense","precision":"f8"}' "{$base,\"rate\":NaN}" "{$base,\"rate\":1e999}" \
	"{$base,\"batch\":4,\"batch\":5}" '{"recipe":"dense\u0000"}'; do
	lie "$json" "is damaged"
done
for what in '"batch":2147483647' '"batch":-5' '"batch":1e3' '"batch":"4"' '"steps":9223372036854775807' '"steps":-5' '"steps":1000000001' '"time":1e300' \
	'"time":-1' '"rate":1e308' '"rate":-1' '"rate":"x"' '"seed":-1' '"seed":[1]' '"size":1000000' '"size":-7' '"size":7' '"width":1025' '"width":2147483647' \
	'"blocks":65' '"blocks":1000000' '"adv":1001' '"content":-0.5' '"style":{}' '"colour":1e9' '"features":7' '"name":["x"]' '"preset":7' '"photos":[1]' \
	'"art":[{}]' '"art":"x"' '"photos":[""]'; do
	key=${what#\"}
	lie "{$base,$what}" "its '${key%%\"*}' is "
done
lie '{"recipe":"dense","data":7}' "its 'data' is no text"
lie "{$base,\"preset\":\"\\u001b[31mred\"}" "preset '.u001b\[31mred' is unknown"
lie '{"recipe":"style","art":["."],"size":65}' "its 'size' is 65, which is no multiple of 16"
lie '{"recipe":"dense"}' "data is missing"
run 0 "" -q train --resume honest --steps 13

# ---- a stranger's run takes no style of one's own
run 0 "" $dense --steps 2 --seed 7 --name mine -o named
cp data/fauve/styles/mine.safetensors before
cp -r honest theirs
sed -i 's/"recipe"/"name": "mine",\n "recipe"/' theirs/run.json
one_line 3 "mine.safetensors is there already" -q train --resume theirs --steps 14
check "the style is as it was" cmp -s before data/fauve/styles/mine.safetensors
run 0 "" -q train --resume named --steps 4
check "its own run goes on with it" cmp -s named/model.safetensors data/fauve/styles/mine.safetensors

# ---- what a run's folder says of its owner
user=$(id -un)
export HOME=$t/home/jane
mkdir -p "$HOME/data" "$HOME/runs" outside
cp digits.idx "$HOME/data"
mkdir -p "outside/$user"
cp digits.idx "outside/$user"
try_run() # DATA RUN STORED
{
	run 0 "" -q train dense --data "$1" --batch 4 --steps 2 -o "$2"
	check "$1 is kept as $3" grep -qF "\"data\": \"$3\"" "$2/run.json"
	check "$2 names no home" sh -c "! grep -rqaF -e '$t' -e jane '$2'"
	check "$2 names no place on this machine" sh -c "! grep -q '\"/' '$2/run.json'"
	(cd / && "$fauve" -q train --resume "$t/${2#"$t/"}" --steps 4) 2>err
	check "$2 goes on from anywhere" [ $? = 0 ]
}
try_run "$HOME/data/digits.idx" "$HOME/runs/one" ../../data/digits.idx
try_run "$HOME/data/digits.idx" outside/two '~/data/digits.idx'
try_run "outside/$user/digits.idx" outside/three '../$USER/digits.idx'
try_run digits.idx outside/four ../../digits.idx
mv "$HOME" home/joan
HOME=$t/home/joan
run 0 "" -q train --resume "$HOME/runs/one" --steps 6
cp -r outside/four moved
run 3 "digits.idx: cannot be opened" -q train --resume moved --steps 6
run 0 "" -q train --resume moved --data digits.idx --steps 6
run 0 "" -q train --resume moved --steps 8

# ---- text that steers a terminal
esc=$'\e[31m' osc=$'\e]0;owned\a' c1=$'\xc2\x9b31m' raw=$'\x9b31m' bidi=$'\xe2\x80\xae'
quiet() # FILE...: none of it
{
	! LC_ALL=C grep -q -e $'\e' -e $'\a' -e $'\xc2[\x80-\x9f]' -e $'\x9b' -e $'\x7f' -e "$bidi" "$@"
}
say() # CODE ARGUMENTS...
{
	local code=$1
	shift
	run "$code" "" "$@"
	check "fauve $*: nothing steers the terminal" quiet out err
}
mkdir styles
export FAUVE_STYLES=$t/styles
style="n${esc}a${osc}${bidi}m${c1}e"
"$make_model" strokenet "styles/$style.safetensors" title "T${esc}${osc}${c1}${bidi}ü" || exit 1
"$make_model" strokenet styles/key.safetensors "k${esc}${c1}${bidi}" $'v\nw' || exit 1
"$make_model" "strokenet" "styles/raw$raw.safetensors" || exit 1
say 0 styles
check "letters stay" grep -q "T.u001b.*ü" out
check "a line stays one" [ "$(grep -c u001b out)" = 2 ]
say 0 styles --names
say 0 styles --json
say 0 doctor
say 0 doctor --json
say 0 info key
check "a value's new line is none" grep -q 'v\\nw' out
say 0 info key --json
say 0 info "$style"
say 0 -v apply "$style" "$photo" -o "out$esc$raw.png"
check "it is there" [ -s "out$esc$raw.png" ]
say 3 apply "none$esc$raw" "$photo" -o x.png
say 2 "command$esc"
say 2 apply --strength "1$esc" key "$photo" -o x.png
mkdir "folder$esc"
cp "$photo" "folder$esc/a$c1.jpg"
echo no >"folder$esc/b$osc.jpg"
say 6 apply key "folder$esc" -o "painted$esc"
say 3 train dense --data "none$esc" -o "run$esc"
say 0 train dense --data digits.idx --batch 4 --steps 2 -o "run$esc"
finish
