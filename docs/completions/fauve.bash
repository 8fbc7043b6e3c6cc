# bash completion for fauve
_fauve()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd= sub= i n=0
	compopt -o filenames 2>/dev/null
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in -*) ;; *) if [ -z "$cmd" ]; then cmd=${COMP_WORDS[i]}; else n=$((n + 1)); sub=${sub:-${COMP_WORDS[i]}}; fi ;; esac
	done
	case $cmd:$prev in
	apply:--output|apply:-o) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	apply:--strength) COMPREPLY=(); return ;;
	apply:--strokes) COMPREPLY=(); return ;;
	apply:--detail) COMPREPLY=(); return ;;
	apply:--palette) COMPREPLY=(); return ;;
	apply:--relief) COMPREPLY=(); return ;;
	apply:--norm) COMPREPLY=($(compgen -W 'picture published running' -- "$cur")); return ;;
	apply:--flow) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	apply:--seed) COMPREPLY=(); return ;;
	apply:--quality) COMPREPLY=(); return ;;
	apply:--max-megapixels) COMPREPLY=(); return ;;
	apply:--max-memory) COMPREPLY=(); return ;;
	train:--output|train:-o) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	train:--resume) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	train:--name) COMPREPLY=(); return ;;
	train:--preset) COMPREPLY=(); return ;;
	train:--time) COMPREPLY=(); return ;;
	train:--steps) COMPREPLY=(); return ;;
	train:--seed) COMPREPLY=(); return ;;
	train:--init) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	train:--freeze) COMPREPLY=(); return ;;
	train:--preview-every) COMPREPLY=(); return ;;
	train:--checkpoint-every) COMPREPLY=(); return ;;
	train:--max-memory) COMPREPLY=(); return ;;
	train:--photos) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	train:--art) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	train:--batch) COMPREPLY=(); return ;;
	train:--size) COMPREPLY=(); return ;;
	train:--width) COMPREPLY=(); return ;;
	train:--blocks) COMPREPLY=(); return ;;
	train:--rate) COMPREPLY=(); return ;;
	train:--adv) COMPREPLY=(); return ;;
	train:--content) COMPREPLY=(); return ;;
	train:--style) COMPREPLY=(); return ;;
	train:--colour) COMPREPLY=(); return ;;
	train:--features) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	train:--data) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	train:--batch) COMPREPLY=(); return ;;
	train:--rate) COMPREPLY=(); return ;;
	train:--photos) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	train:--art) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	train:--direction) COMPREPLY=($(compgen -W 'AtoB BtoA' -- "$cur")); return ;;
	train:--batch) COMPREPLY=(); return ;;
	train:--size) COMPREPLY=(); return ;;
	train:--net) COMPREPLY=($(compgen -W 'resnet unet' -- "$cur")); return ;;
	train:--width) COMPREPLY=(); return ;;
	train:--blocks) COMPREPLY=(); return ;;
	train:--loss) COMPREPLY=($(compgen -W 'lsgan vanilla' -- "$cur")); return ;;
	train:--rate) COMPREPLY=(); return ;;
	train:--cycle) COMPREPLY=(); return ;;
	train:--identity) COMPREPLY=(); return ;;
	train:--data) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	train:--direction) COMPREPLY=($(compgen -W 'AtoB BtoA' -- "$cur")); return ;;
	train:--batch) COMPREPLY=(); return ;;
	train:--size) COMPREPLY=(); return ;;
	train:--width) COMPREPLY=(); return ;;
	train:--norm) COMPREPLY=($(compgen -W 'batch instance' -- "$cur")); return ;;
	train:--dropout) COMPREPLY=($(compgen -W 'no yes' -- "$cur")); return ;;
	train:--layers) COMPREPLY=(); return ;;
	train:--loss) COMPREPLY=($(compgen -W 'vanilla lsgan' -- "$cur")); return ;;
	train:--rate) COMPREPLY=(); return ;;
	train:--l1) COMPREPLY=(); return ;;
	generate:--output|generate:-o) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	generate:--count|generate:-n) COMPREPLY=(); return ;;
	generate:--seed) COMPREPLY=(); return ;;
	generate:--columns) COMPREPLY=(); return ;;
	eval:--photos) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	eval:--art) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	eval:--more-art) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	eval:--outputs) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	eval:--sheet|eval:-o) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	eval:--seed) COMPREPLY=(); return ;;
	eval:--kind) COMPREPLY=($(compgen -W 'vgg16 vgg19-small both none' -- "$cur")); return ;;
	eval:--most) COMPREPLY=(); return ;;
	eval:--bars) COMPREPLY=($(compgen -W 'oil print' -- "$cur")); return ;;
	info:--size) COMPREPLY=(); return ;;
	bench:--time) COMPREPLY=(); return ;;
	bench:--runs) COMPREPLY=(); return ;;
	bench:--size) COMPREPLY=(); return ;;
	bench:--batch) COMPREPLY=(); return ;;
	bench:--max-memory) COMPREPLY=(); return ;;
	bench:--model) COMPREPLY=($(compgen -W "$(fauve styles --names 2>/dev/null)" -- "$cur") $(compgen -f -- "$cur")); return ;;
	help:--completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$cur")); return ;;
	*:--threads) COMPREPLY=(); return ;;
	*:--isa) COMPREPLY=($(compgen -W 'ref plain avx2 avx512 amx' -- "$cur")); return ;;
	*:--precision) COMPREPLY=($(compgen -W 'auto f32 bf16 exact' -- "$cur")); return ;;
	*:--limit) COMPREPLY=(); return ;;
	*:--sandbox) COMPREPLY=($(compgen -W 'auto all off' -- "$cur")); return ;;
	*:--color) COMPREPLY=($(compgen -W 'auto always never' -- "$cur")); return ;;
	esac
	case $cmd:$cur in
	:-*) COMPREPLY=($(compgen -W '--quiet --verbose --json --threads --isa --precision --limit --sandbox --color --help --version' -- "$cur")) ;;
	:*) COMPREPLY=($(compgen -W 'apply train generate eval styles info doctor bench help' -- "$cur")) ;;
	apply:-*) COMPREPLY=($(compgen -W '--output --strength --strokes --detail --palette --relief --norm --flow --seed --quality --keep-private --max-megapixels --max-memory --force --quiet --verbose --json --threads --isa --precision --limit --sandbox --color --help' -- "$cur")) ;;
	apply:*) if [ $n = 0 ]; then COMPREPLY=($(compgen -W "$(fauve styles --names 2>/dev/null)" -- "$cur") $(compgen -f -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi ;;
	train:-*) local own=; case $sub in style) own='--photos --art --batch --size --width --blocks --rate --adv --content --style --colour --features ' ;; dense) own='--data --batch --rate ' ;; cyclegan) own='--photos --art --direction --batch --size --net --width --blocks --loss --rate --cycle --identity ' ;; pix2pix) own='--data --direction --batch --size --width --norm --dropout --layers --loss --rate --l1 ' ;; esac; COMPREPLY=($(compgen -W "$own"'--output --resume --name --preset --time --steps --seed --init --freeze --preview-every --checkpoint-every --max-memory --quiet --verbose --json --threads --isa --precision --limit --sandbox --color --help' -- "$cur")) ;;
	train:*) COMPREPLY=($(compgen -W 'style dense cyclegan pix2pix' -- "$cur")) ;;
	generate:-*) COMPREPLY=($(compgen -W '--output --count --seed --columns --quiet --verbose --json --threads --isa --precision --limit --sandbox --color --help' -- "$cur")) ;;
	generate:*) COMPREPLY=($(compgen -W "$(fauve styles --names 2>/dev/null)" -- "$cur") $(compgen -f -- "$cur")) ;;
	eval:-*) COMPREPLY=($(compgen -W '--photos --art --more-art --outputs --sheet --seed --kind --most --bars --no-floors --quiet --verbose --json --threads --isa --precision --limit --sandbox --color --help' -- "$cur")) ;;
	eval:*) COMPREPLY=($(compgen -W "$(fauve styles --names 2>/dev/null)" -- "$cur") $(compgen -f -- "$cur")) ;;
	styles:-*) COMPREPLY=($(compgen -W '--names --quiet --verbose --json --threads --isa --precision --limit --sandbox --color --help' -- "$cur")) ;;
	info:-*) COMPREPLY=($(compgen -W '--plan --size --quiet --verbose --json --threads --isa --precision --limit --sandbox --color --help' -- "$cur")) ;;
	info:*) COMPREPLY=($(compgen -W "$(fauve styles --names 2>/dev/null)" -- "$cur") $(compgen -f -- "$cur")) ;;
	doctor:-*) COMPREPLY=($(compgen -W '--quiet --verbose --json --threads --isa --precision --limit --sandbox --color --help' -- "$cur")) ;;
	bench:-*) COMPREPLY=($(compgen -W '--time --runs --size --batch --max-memory --model --profile --quiet --verbose --json --threads --isa --precision --limit --sandbox --color --help' -- "$cur")) ;;
	bench:*) COMPREPLY=() ;;
	help:-*) COMPREPLY=($(compgen -W '--man --completion --quiet --verbose --json --threads --isa --precision --limit --sandbox --color --help' -- "$cur")) ;;
	help:*) if [ $n = 0 ]; then COMPREPLY=($(compgen -W 'apply train generate eval styles info doctor bench help' -- "$cur")); else COMPREPLY=(); fi ;;
	esac
}
complete -F _fauve fauve
