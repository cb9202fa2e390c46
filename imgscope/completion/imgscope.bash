# bash completion for imgscope: made by `imgscope completion bash`.

_imgscope() {
    local line current stripped kind word help only= breaks=
    # The line itself, not COMP_WORDS: bash ends a word at each colon, and images' names have some.
    line=${COMP_LINE:0:COMP_POINT}
    current=${line##*[[:space:]]}
    # What bash has of the word already: all up to the last character that ends words for it.
    stripped=
    [[ $COMP_WORDBREAKS == *:* ]] && breaks+=:
    [[ $COMP_WORDBREAKS == *=* ]] && breaks+='='
    [[ -n $breaks ]] && stripped=${current%"${current##*["$breaks"]}"}
    COMPREPLY=()
    while IFS=$'\t' read -r kind word help; do
        case $kind in
            files) compopt -o default 2>/dev/null; continue ;;
            folders) compopt -o dirnames 2>/dev/null; continue ;;
            path | part)
                only=$kind
                if [[ $current != [\"\']* ]]; then
                    # What has spaces is quoted; a tilde that was typed stays one.
                    if [[ $word == "~/"* ]]; then
                        printf -v word '~/%q' "${word:2}"
                    else
                        printf -v word '%q' "$word"
                    fi
                fi
                ;;
            word) only=$kind; [[ $word == *= ]] && only=part ;;
            *) continue ;;
        esac
        COMPREPLY+=("${word#"$stripped"}")
    done < <(_IMGSCOPE_COMPLETE=bash "$1" "$line" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -eq 1 && $only == part ]] && compopt -o nospace 2>/dev/null
    return 0
}

# Older bash, as on macOS, lacks nosort, and compopt above.
complete -o nosort -F _imgscope imgscope 2>/dev/null || complete -F _imgscope imgscope
