# Completes fsr-docker in bash: source <(fsr-docker completions bash)
_fsr_docker() {
    local line=${COMP_LINE:0:COMP_POINT} words=() last=-1 word cut name
    # Bash also cuts words at "=" and ":"; the program wants them whole.
    for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if ((last < 0)) || [[ $line == [[:space:]]* ]]; then
            line=${line#"${line%%[![:space:]]*}"}
            words[++last]=$word
        else
            words[last]+=$word
        fi
        line=${line#"$word"}
    done
    word=${words[last]}
    # What stands before the last of them stays on the line.
    cut=${word%"${word##*[=:]}"}
    [[ $COMP_WORDBREAKS == *=* ]] || cut=
    COMPREPLY=()
    compopt -o nosort 2>/dev/null
    while IFS=$'\t' read -r name _; do
        if [[ $name == :files ]]; then
            compopt -o filenames 2>/dev/null
            while read -r name; do COMPREPLY+=("$name"); done < <(compgen -f -- "${word#*=}")
        else
            [[ $name == *= ]] && compopt -o nospace 2>/dev/null
            COMPREPLY+=("${name#"$cut"}")
        fi
    done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
}
complete -F _fsr_docker fsr-docker
