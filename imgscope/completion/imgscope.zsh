#compdef imgscope
# zsh completion for imgscope: made by `imgscope completion zsh`.

_imgscope() {
    local line kind word help
    local -a finished described parts paths
    for line in "${(@f)$(_IMGSCOPE_COMPLETE=zsh ${words[1]} "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
        kind=${line%%$'\t'*}
        line=${line#*$'\t'}
        word=${line%%$'\t'*}
        help=${line#*$'\t'}
        case $kind in
            files) compset -P '*='; _files ;;
            folders) _files -/ ;;
            path) paths+=("$word") ;;
            part) parts+=("$word") ;;
            word)
                if [[ $word == *= ]]; then
                    parts+=("$word")
                elif [[ -n $help ]]; then
                    described+=("${word//:/\\:}:$help")
                else
                    finished+=("$word")
                fi
                ;;
        esac
    done
    (( $#described )) && _describe -V imgscope described
    (( $#finished )) && compadd -V images -a finished
    (( $#paths )) && compadd -V archives -f -a paths
    (( $#parts )) && compadd -V parts -S '' -a parts
    return 0
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _imgscope "$@"
else
    compdef _imgscope imgscope
fi
