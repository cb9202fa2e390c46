# fish completion for imgscope: made by `imgscope completion fish`.

function __imgscope_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (_IMGSCOPE_COMPLETE=fish $words[1] $words[2..-1] "$current" 2>/dev/null)
        set -l parts (string split \t -- $line)
        switch $parts[1]
            case files
                __fish_complete_path "$current"
            case folders
                __fish_complete_directories "$current"
            case '*'
                if test -n "$parts[3]"
                    printf '%s\t%s\n' $parts[2] $parts[3]
                else
                    printf '%s\n' $parts[2]
                end
        end
    end
end

complete --command imgscope --no-files --arguments '(__imgscope_complete)'
