
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'okibi' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'okibi'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'okibi' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('chat', 'chat', [CompletionResultType]::ParameterValue, 'Ask a question: one answer, or a conversation when no prompt is given')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'What this node is, has and lacks, and when each peer was last heard')
            [CompletionResult]::new('export-bundle', 'export-bundle', [CompletionResultType]::ParameterValue, 'Write a bundle with all that the recipients lack')
            [CompletionResult]::new('import-bundle', 'import-bundle', [CompletionResultType]::ParameterValue, 'Take in what a bundle has for this node, and acknowledge it')
            [CompletionResult]::new('inspect-bundle', 'inspect-bundle', [CompletionResultType]::ParameterValue, 'Say what a bundle holds, without taking anything in')
            [CompletionResult]::new('verify-bundle', 'verify-bundle', [CompletionResultType]::ParameterValue, 'Check a bundle to its last byte, without taking anything in')
            [CompletionResult]::new('courier', 'courier', [CompletionResultType]::ParameterValue, 'Import, export and carry at each medium, in one call for cron')
            [CompletionResult]::new('node', 'node', [CompletionResultType]::ParameterValue, 'Be a node: find others on the local network and stay in step with them')
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'One round with everybody who can be reached, then end')
            [CompletionResult]::new('peer', 'peer', [CompletionResultType]::ParameterValue, 'Addresses of others, nicknames, and whom not to speak with')
            [CompletionResult]::new('circle', 'circle', [CompletionResultType]::ParameterValue, 'Found circles; admit and suspend members')
            [CompletionResult]::new('model', 'model', [CompletionResultType]::ParameterValue, 'Add, list, show, choose, share, quantize and remove models')
            [CompletionResult]::new('library', 'library', [CompletionResultType]::ParameterValue, 'Add, find, share and remove documents')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'All that came in and went out, by which road')
            [CompletionResult]::new('history', 'history', [CompletionResultType]::ParameterValue, 'Your conversations: list, show, export, delete; they never leave this node')
            [CompletionResult]::new('key', 'key', [CompletionResultType]::ParameterValue, 'This node''s keys: show, card, rotate, open a new feed, print the age identity')
            [CompletionResult]::new('monitor', 'monitor', [CompletionResultType]::ParameterValue, 'Look at this node: its model, its circles, what comes in and goes out')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'What is wrong and what to do')
            [CompletionResult]::new('backup', 'backup', [CompletionResultType]::ParameterValue, 'Write the whole home into one encrypted file')
            [CompletionResult]::new('restore', 'restore', [CompletionResultType]::ParameterValue, 'Make a new home out of a backup; it opens a new feed')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'List releases of okibi that came by bundle, or write one out; nothing is ever executed')
            [CompletionResult]::new('gc', 'gc', [CompletionResultType]::ParameterValue, 'Remove blobs that nothing names any more')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show the configuration and where each value comes from')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print completions for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, of a command if one is named, such as `circle admit`')
            [CompletionResult]::new('internal', 'internal', [CompletionResultType]::ParameterValue, 'For those who build okibi')
            break
        }
        'okibi;chat' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model to use; see `okibi model list`. Without one the built-in manual is quoted')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model to use; see `okibi model list`. Without one the built-in manual is quoted')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'Instructions that stand before the conversation')
            [CompletionResult]::new('--temperature', '--temperature', [CompletionResultType]::ParameterName, '0 always takes the likeliest token')
            [CompletionResult]::new('--top-k', '--top-k', [CompletionResultType]::ParameterName, 'Choose among the K likeliest tokens; 0 for no limit')
            [CompletionResult]::new('--top-p', '--top-p', [CompletionResultType]::ParameterName, 'Choose among the likeliest tokens that have probability P together')
            [CompletionResult]::new('--min-p', '--min-p', [CompletionResultType]::ParameterName, 'Leave out tokens less likely than P times the likeliest')
            [CompletionResult]::new('--repeat-penalty', '--repeat-penalty', [CompletionResultType]::ParameterName, 'Divide the scores of recent tokens by R; 1 for none')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Same seed, same text')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Most tokens of context; at most the model''s own limit')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'Most tokens of one answer')
            [CompletionResult]::new('--stop', '--stop', [CompletionResultType]::ParameterName, 'End the answer where this text appears; may be repeated')
            [CompletionResult]::new('--template', '--template', [CompletionResultType]::ParameterName, 'A file with a chat template (Jinja) to use in place of the model''s own')
            [CompletionResult]::new('--logprobs', '--logprobs', [CompletionResultType]::ParameterName, 'With --json: how probable each token was, and the N likeliest at its place')
            [CompletionResult]::new('--resume', '--resume', [CompletionResultType]::ParameterName, 'Go on with a conversation: its number (see `okibi history list`), or the last one')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--thoughts', '--thoughts', [CompletionResultType]::ParameterName, 'Show on standard error what a reasoning model thinks before it answers')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Plain lines without any terminal control, for screen readers')
            [CompletionResult]::new('--no-save', '--no-save', [CompletionResultType]::ParameterName, 'Do not keep this conversation')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;status' {
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'Exit with 14 when a peer was not heard for this long, such as 26h, 7d, 90m')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Also exit with 15 for forks and 17 for records that wait')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;export-bundle' {
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'A member to write for: name, or beginning of its fingerprint; may be repeated')
            [CompletionResult]::new('--to-ssh', '--to-ssh', [CompletionResultType]::ParameterName, 'Somebody with an SSH key, who needs no okibi to open it: the public key''s line, or a file of such lines')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'Whoever knows the passphrase in the first line of a file')
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'The circle, where there are several')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Everything that came in since then, acknowledged or not: 7d, 26h, or a local date such as 2026-11-01. For a road on which nobody answers')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write one plain age file instead; - for standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write one plain age file instead; - for standard output')
            [CompletionResult]::new('--slice', '--slice', [CompletionResultType]::ParameterName, 'Cut into slices of at most SIZE, such as 700M or 2G; without it as large as the file system allows')
            [CompletionResult]::new('--parity', '--parity', [CompletionResultType]::ParameterName, 'Add so much parity, such as 10%: it repairs as much damage')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--passphrase', '--passphrase', [CompletionResultType]::ParameterName, 'Whoever knows a passphrase, which is asked for')
            [CompletionResult]::new('--full', '--full', [CompletionResultType]::ParameterName, 'Everything, not only what was not acknowledged yet')
            [CompletionResult]::new('--usb', '--usb', [CompletionResultType]::ParameterName, 'The removable medium that is mounted now')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would be written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;import-bundle' {
            [CompletionResult]::new('--ssh-key', '--ssh-key', [CompletionResultType]::ParameterName, 'Also open what is written for this SSH private key; may be repeated')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'Also open what is written for the passphrase in the first line of a file')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--usb', '--usb', [CompletionResultType]::ParameterName, 'All removable media that are mounted now')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would change, and change nothing')
            [CompletionResult]::new('--no-ack', '--no-ack', [CompletionResultType]::ParameterName, 'Write nothing to the medium: the acknowledgement goes with the next export')
            [CompletionResult]::new('--salvage', '--salvage', [CompletionResultType]::ParameterName, 'Of a damaged bundle take what stands whole before the damage; exits with 3')
            [CompletionResult]::new('--accept', '--accept', [CompletionResultType]::ParameterName, 'Also join the circles that these bundles offer: for who compared the founder''s fingerprint before')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Also exit with 14 for a bundle older than one already here, 15 for forks and 17 for records that wait')
            [CompletionResult]::new('--passphrase', '--passphrase', [CompletionResultType]::ParameterName, 'Also open what is written for a passphrase, which is asked for')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;inspect-bundle' {
            [CompletionResult]::new('--ssh-key', '--ssh-key', [CompletionResultType]::ParameterName, 'Also open what is written for this SSH private key; may be repeated')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'Also open what is written for the passphrase in the first line of a file')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--passphrase', '--passphrase', [CompletionResultType]::ParameterName, 'Also open what is written for a passphrase, which is asked for')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;verify-bundle' {
            [CompletionResult]::new('--ssh-key', '--ssh-key', [CompletionResultType]::ParameterName, 'Also open what is written for this SSH private key; may be repeated')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'Also open what is written for the passphrase in the first line of a file')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--passphrase', '--passphrase', [CompletionResultType]::ParameterName, 'Also open what is written for a passphrase, which is asked for')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;courier' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--usb', '--usb', [CompletionResultType]::ParameterName, 'All removable media that are mounted now')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Stay, and serve each removable medium with a folder `okibi` when it is mounted')
            [CompletionResult]::new('--only-prepared', '--only-prepared', [CompletionResultType]::ParameterName, 'Leave a medium alone that has no folder `okibi` at its top: for what runs by itself')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would change, and change nothing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;node' {
            [CompletionResult]::new('--peer', '--peer', [CompletionResultType]::ParameterName, 'An address to dial (host:port, or iroh:...) beside those of `okibi peer list`; may be repeated')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'UDP port to listen on, 0 for any')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--no-discovery', '--no-discovery', [CompletionResultType]::ParameterName, 'Neither show this node on the local network nor look out for others there')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Open no network socket at all')
            [CompletionResult]::new('--watch-media', '--watch-media', [CompletionResultType]::ParameterName, 'Run the courier at each removable medium with a folder `okibi` that is plugged in')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;sync' {
            [CompletionResult]::new('--peer', '--peer', [CompletionResultType]::ParameterName, 'An address to dial (host:port, or iroh:...) beside those of `okibi peer list`; may be repeated')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'UDP port to listen on, 0 for any')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'End after this many seconds, whatever is still to do')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--no-discovery', '--no-discovery', [CompletionResultType]::ParameterName, 'Neither show this node on the local network nor look out for others there')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Open no network socket at all')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;peer' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Addresses that are dialled, and what you think of others')
            [CompletionResult]::new('address', 'address', [CompletionResultType]::ParameterValue, 'The line by which others reach this node beyond the local network (for their `okibi peer add`)')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Dial this address (host:port, or iroh:...) from now on, where multicast does not reach')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Dial this address no longer')
            [CompletionResult]::new('block', 'block', [CompletionResultType]::ParameterValue, 'Speak with this member no longer; what it wrote still counts')
            [CompletionResult]::new('unblock', 'unblock', [CompletionResultType]::ParameterValue, 'Speak with this member again')
            [CompletionResult]::new('nick', 'nick', [CompletionResultType]::ParameterValue, 'Call a member by a name of your own; without a name, no longer')
            break
        }
        'okibi;peer;list' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;peer;address' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;peer;add' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;peer;remove' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;peer;block' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;peer;unblock' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;peer;nick' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('found', 'found', [CompletionResultType]::ParameterValue, 'Found a circle; the owners of the cards become admins beside you')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List your circles')
            [CompletionResult]::new('offers', 'offers', [CompletionResultType]::ParameterValue, 'List circles that admitted you and that you have not joined')
            [CompletionResult]::new('accept', 'accept', [CompletionResultType]::ParameterValue, 'Join a circle that admitted you, after you compared its founder''s fingerprint with who invited you')
            [CompletionResult]::new('members', 'members', [CompletionResultType]::ParameterValue, 'List the members of a circle')
            [CompletionResult]::new('invite', 'invite', [CompletionResultType]::ParameterValue, 'Invite somebody: a ticket to show or send, then words that both compare')
            [CompletionResult]::new('join', 'join', [CompletionResultType]::ParameterValue, 'Ask to be admitted with a ticket; compare the words with who gave it to you')
            [CompletionResult]::new('confirm', 'confirm', [CompletionResultType]::ParameterValue, 'Say that the other side shows these words: for a pairing that waits where nobody can be asked')
            [CompletionResult]::new('tickets', 'tickets', [CompletionResultType]::ParameterValue, 'List this node''s invitations')
            [CompletionResult]::new('withdraw', 'withdraw', [CompletionResultType]::ParameterValue, 'Take an invitation back')
            [CompletionResult]::new('admit', 'admit', [CompletionResultType]::ParameterValue, 'Admit the owner of a key card; compare the fingerprint first')
            [CompletionResult]::new('endorse', 'endorse', [CompletionResultType]::ParameterValue, 'Stand behind a member, an admission, or another decision')
            [CompletionResult]::new('suspend', 'suspend', [CompletionResultType]::ParameterValue, 'Suspend a member: what it wrote until now stays, nothing later counts')
            [CompletionResult]::new('lift', 'lift', [CompletionResultType]::ParameterValue, 'Lift a member''s suspension')
            [CompletionResult]::new('readmit', 'readmit', [CompletionResultType]::ParameterValue, 'Admit a suspended member again, with the feeds that it had')
            [CompletionResult]::new('add-admin', 'add-admin', [CompletionResultType]::ParameterValue, 'Make a member an admin; more than half of the admins must stand behind it')
            [CompletionResult]::new('policy', 'policy', [CompletionResultType]::ParameterValue, 'Show the policy, or propose another one')
            [CompletionResult]::new('refound', 'refound', [CompletionResultType]::ParameterValue, 'Found a circle that goes on from an old one, with the same admins and members')
            [CompletionResult]::new('forget', 'forget', [CompletionResultType]::ParameterValue, 'Forget a circle on this node: its records, and its documents and models here. The others keep theirs, and you stay a member')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say why a person or a record counts or does not')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'List the decisions of a circle, with those that have no effect')
            break
        }
        'okibi;circle;found' {
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'What the circle calls you')
            [CompletionResult]::new('--with', '--with', [CompletionResultType]::ParameterName, 'A further admin and its key card, or a file that holds the card; three admins are advised')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;list' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;offers' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;accept' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would change, and change nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;members' {
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'The circle, where there are several')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;invite' {
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'The circle, where there are several')
            [CompletionResult]::new('--minutes', '--minutes', [CompletionResultType]::ParameterName, 'The ticket may be used for this many minutes, by this node''s clock')
            [CompletionResult]::new('--peer', '--peer', [CompletionResultType]::ParameterName, 'An address to dial (host:port, or iroh:...) beside those of `okibi peer list`; may be repeated')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'UDP port to listen on, 0 for any')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--no-wait', '--no-wait', [CompletionResultType]::ParameterName, 'Print the ticket and end; the running node honours it')
            [CompletionResult]::new('--no-qr', '--no-qr', [CompletionResultType]::ParameterName, 'Show no QR code')
            [CompletionResult]::new('--no-discovery', '--no-discovery', [CompletionResultType]::ParameterName, 'Neither show this node on the local network nor look out for others there')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Open no network socket at all')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;join' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'What the circle shall call you')
            [CompletionResult]::new('--peer', '--peer', [CompletionResultType]::ParameterName, 'An address to dial (host:port, or iroh:...) beside those of `okibi peer list`; may be repeated')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'UDP port to listen on, 0 for any')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--no-discovery', '--no-discovery', [CompletionResultType]::ParameterName, 'Neither show this node on the local network nor look out for others there')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Open no network socket at all')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;confirm' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;tickets' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;withdraw' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;admit' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'What the circle will call this member')
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'The circle, where there are several')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would change, and change nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;endorse' {
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'The circle, where there are several')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would change, and change nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;suspend' {
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'reason')
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'The circle, where there are several')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--from-start', '--from-start', [CompletionResultType]::ParameterName, 'Nothing that it ever wrote counts')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would change, and change nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;lift' {
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'The circle, where there are several')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would change, and change nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;readmit' {
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'The circle, where there are several')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would change, and change nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;add-admin' {
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'The circle, where there are several')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would change, and change nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;policy' {
            [CompletionResult]::new('--invitations', '--invitations', [CompletionResultType]::ParameterName, 'How many people a member that is no admin may admit')
            [CompletionResult]::new('--quorum', '--quorum', [CompletionResultType]::ParameterName, 'How many admins must stand behind a proposal; 0 for more than half')
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'The circle, where there are several')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would change, and change nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;refound' {
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'The circle, where there are several')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would change, and change nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;forget' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would change, and change nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;explain' {
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'The circle, where there are several')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;circle;log' {
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'The circle, where there are several')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;model' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Copy a GGUF file into the node and give it a name')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the models')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what is known of a model, and whether it fits into memory')
            [CompletionResult]::new('use', 'use', [CompletionResultType]::ParameterValue, 'Choose the model that chat uses when none is named; nothing: none')
            [CompletionResult]::new('share', 'share', [CompletionResultType]::ParameterValue, 'Share a model in a circle')
            [CompletionResult]::new('withdraw', 'withdraw', [CompletionResultType]::ParameterValue, 'Take a model back that you shared: every node hides it and drops its content')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Forget a model''s name on this node; a shared one stays away until it is fetched')
            [CompletionResult]::new('quantize', 'quantize', [CompletionResultType]::ParameterValue, 'Write a model in fewer bits to a new file')
            [CompletionResult]::new('fetch', 'fetch', [CompletionResultType]::ParameterValue, 'Take a shared model back that was removed here')
            break
        }
        'okibi;model;add' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name for -m; from the file''s name when missing')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'Where it comes from, in your words')
            [CompletionResult]::new('--licence', '--licence', [CompletionResultType]::ParameterName, 'SPDX expression or free words')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;model;list' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;model;show' {
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Reckon with so many tokens of context')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;model;use' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;model;share' {
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'circle')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'Where it comes from, in your words')
            [CompletionResult]::new('--licence', '--licence', [CompletionResultType]::ParameterName, 'SPDX expression or free words')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'You know the licence''s terms and may pass it on: no question')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'You know the licence''s terms and may pass it on: no question')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;model;withdraw' {
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'circle')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;model;remove' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;model;quantize' {
            [CompletionResult]::new('--type', '--type', [CompletionResultType]::ParameterName, 'Q4_K_M is a good middle; Q8_0 loses next to nothing')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--again', '--again', [CompletionResultType]::ParameterName, 'Take a file that is packed already, and accept that its weights lose twice')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would be written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;model;fetch' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;library' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Add text or markdown files; they stay on this node until you share them')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the documents')
            [CompletionResult]::new('search', 'search', [CompletionResultType]::ParameterValue, 'Find sections by words; a question does, too')
            [CompletionResult]::new('share', 'share', [CompletionResultType]::ParameterValue, 'Share a document in a circle')
            [CompletionResult]::new('withdraw', 'withdraw', [CompletionResultType]::ParameterValue, 'Take a document back that you shared: every node hides it and drops its content')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a document that was never shared')
            break
        }
        'okibi;library;add' {
            [CompletionResult]::new('--title', '--title', [CompletionResultType]::ParameterName, 'Title, for a single file')
            [CompletionResult]::new('--language', '--language', [CompletionResultType]::ParameterName, 'BCP 47 tag, such as en or ja')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;library;list' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;library;search' {
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Most hits')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Most hits')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--manual', '--manual', [CompletionResultType]::ParameterName, 'Search the built-in manual as well')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;library;share' {
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'circle')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'Where it comes from, in your words')
            [CompletionResult]::new('--licence', '--licence', [CompletionResultType]::ParameterName, 'SPDX expression or free words')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;library;withdraw' {
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'circle')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;library;remove' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;audit' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'Check that no line was changed or taken out')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;history' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the conversations, newest first')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a conversation: its number, or last')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write a conversation as markdown')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete conversations for good')
            break
        }
        'okibi;history;list' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;history;show' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All branches, with the numbers of the messages')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;history;export' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The file; standard output without one')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The file; standard output without one')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;history;delete' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every conversation')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would change, and change nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;key' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show fingerprint, words and keys')
            [CompletionResult]::new('card', 'card', [CompletionResultType]::ParameterValue, 'Print the key card, one line to give to who shall admit you')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Make a new sign key; the old feed ends and names the new one')
            [CompletionResult]::new('new-feed', 'new-feed', [CompletionResultType]::ParameterValue, 'Open a new feed, after this home was restored, moved or copied')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Take the sign key back because somebody else may have it, and go on with a new one; what this node knows of the old feed stays')
            [CompletionResult]::new('signers', 'signers', [CompletionResultType]::ParameterValue, 'Print an allowed-signers line for each member, to check HEAD.sig with ssh-keygen')
            [CompletionResult]::new('passphrase', 'passphrase', [CompletionResultType]::ParameterValue, 'Keep the root key under a passphrase, or in clear again')
            [CompletionResult]::new('plugin', 'plugin', [CompletionResultType]::ParameterValue, 'Keep the root key under an age plugin, such as a YubiKey or a TPM')
            [CompletionResult]::new('identity', 'identity', [CompletionResultType]::ParameterValue, 'Print the receive key as an age identity, to open bundles without okibi; it is secret')
            break
        }
        'okibi;key;show' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;key;card' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;key;rotate' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--receive', '--receive', [CompletionResultType]::ParameterName, 'The receive key instead, which bundles are encrypted to')
            [CompletionResult]::new('--transport', '--transport', [CompletionResultType]::ParameterName, 'The transport key instead, by which this node is known on a network')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;key;new-feed' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--spare', '--spare', [CompletionResultType]::ParameterName, 'With the spare key, while the root key is locked or lost: ordinary records only. Never with one spare key in two homes')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;key;revoke' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--receive', '--receive', [CompletionResultType]::ParameterName, 'The receive key instead, which bundles are encrypted to')
            [CompletionResult]::new('--transport', '--transport', [CompletionResultType]::ParameterName, 'The transport key instead, by which this node is known on a network')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do it without a question; without a terminal nothing is done otherwise')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;key;signers' {
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'The circle, where there are several')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;key;passphrase' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Put the root key under a new passphrase, which is asked for')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Write the root key in clear again')
            break
        }
        'okibi;key;passphrase;set' {
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'Take the new passphrase from the first line of a file')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;key;passphrase;remove' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;key;plugin' {
            [CompletionResult]::new('--recipient', '--recipient', [CompletionResultType]::ParameterName, 'What the plugin printed: age1NAME1...')
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'A file with the plugin''s AGE-PLUGIN-NAME-1... line')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;key;identity' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;monitor' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Plain lines without any terminal control: everything once, then what changes')
            [CompletionResult]::new('--once', '--once', [CompletionResultType]::ParameterName, 'With --plain: everything once, and no more')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;doctor' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Exit with 1 when something is wrong')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;backup' {
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Encrypt to an age recipient, an SSH public key, or a file of SSH public keys; may be repeated. Without it a passphrase is asked for')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'Encrypt with the passphrase in the first line of a file')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--without-keys', '--without-keys', [CompletionResultType]::ParameterName, 'Leave the secret keys out; they are kept elsewhere')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;restore' {
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'Open it with an age identity file or an SSH private key. Without it a passphrase is asked for')
            [CompletionResult]::new('--of', '--of', [CompletionResultType]::ParameterName, 'Refuse it unless this is the fingerprint of its identity, or the beginning of it')
            [CompletionResult]::new('--passphrase-file', '--passphrase-file', [CompletionResultType]::ParameterName, 'Open it with the passphrase in the first line of a file')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--with-network-settings', '--with-network-settings', [CompletionResultType]::ParameterName, 'Also take the settings that say whom the node speaks to and where its passphrase is')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;update' {
            [CompletionResult]::new('--extract', '--extract', [CompletionResultType]::ParameterName, 'Write the newest release under the key that you confirmed, and its signature, into a folder')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The release of this name instead of the newest')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The key whose releases you take from now on, as ssh-keygen writes its line; from a place that no bundle came from')
            [CompletionResult]::new('--share', '--share', [CompletionResultType]::ParameterName, 'Share a release file in a circle')
            [CompletionResult]::new('--signature', '--signature', [CompletionResultType]::ParameterName, 'Its signature: ssh-keygen -Y sign -n okibi-release@v1')
            [CompletionResult]::new('--circle', '--circle', [CompletionResultType]::ParameterName, 'The circle, where there are several')
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--older', '--older', [CompletionResultType]::ParameterName, 'Also one that is older than this program')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;gc' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would be removed')
            [CompletionResult]::new('--slices', '--slices', [CompletionResultType]::ParameterName, 'Also drop slices that wait for the other media of their set, however new')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;config' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show every value and where it comes from')
            break
        }
        'okibi;config;show' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;completions' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;man' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;internal' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Write all man pages into a folder')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Write all completions into a folder')
            [CompletionResult]::new('starter', 'starter', [CompletionResultType]::ParameterValue, 'Make the starter bundle from its sources')
            break
        }
        'okibi;internal;man' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;internal;completions' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'okibi;internal;starter' {
            [CompletionResult]::new('--home', '--home', [CompletionResultType]::ParameterName, 'Folder of this node (database, keys, blobs); also OKIBI_HOME')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the interface, en or ja; by the locale when missing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print facts as JSON lines with a `type`, errors too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing on success')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
