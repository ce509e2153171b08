# Completes fsr-docker in fish: fsr-docker completions fish | source
function __fsr_docker
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
        if string match -q ':files*' -- $line
            set -l name (string match -r '^[^=]*=' -- $words[-1])
            for path in (__fish_complete_path (string replace -r '^[^=]*=' '' -- $words[-1]))
                echo $name$path
            end
        else
            echo $line
        end
    end
end
complete -c fsr-docker -e
complete -c fsr-docker -f -k -a '(__fsr_docker)'
