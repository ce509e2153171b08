#compdef fsr-docker
# Completes fsr-docker in zsh: source <(fsr-docker completions zsh)
_fsr_docker() {
    local -a lines open open_shown closed closed_shown
    local line name text
    lines=("${(@f)$("$words[1]" __complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    for line in $lines; do
        name=${line%%$'\t'*}
        text="$name  -- ${line#*$'\t'}"
        if [[ $name == :files ]]; then
            compset -P '*='
            _files
            return
        elif [[ $name == *= ]]; then
            open+=("$name") open_shown+=("$text")
        else
            closed+=("$name") closed_shown+=("$text")
        fi
    done
    # A value follows at once.
    compadd -V open -l -S '' -d open_shown -a open
    compadd -V closed -l -d closed_shown -a closed
}
if [[ $funcstack[1] == _fsr_docker ]]; then
    _fsr_docker "$@"
else
    compdef _fsr_docker fsr-docker
fi
