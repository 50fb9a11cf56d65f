//! Templates in the style of published ones, and hostile ones.

use super::*;

fn chat() -> Vec<Message> {
    vec![
        Message::new("system", "Be kind."),
        Message::new("user", "Hi <b>"),
        Message::new("assistant", " Hello. "),
        Message::new("user", "熾火?"),
    ]
}

fn context() -> Context {
    Context {
        answer: true,
        now: Some(1_709_210_096),
        ..Context::default()
    }
}

fn render(source: &str) -> Result<String, TemplateError> {
    Template::new(source, "<s>".into(), "</s>".into())?.render(&chat(), context())
}

#[test]
fn the_chatml_style() {
    let source = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
    assert_eq!(
        render(source).unwrap(),
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi <b><|im_end|>\n<|im_start|>assistant\n Hello. <|im_end|>\n<|im_start|>user\n熾火?<|im_end|>\n<|im_start|>assistant\n"
    );
}

#[test]
fn the_llama_style() {
    let source = "{{- bos_token }}\n{%- if not date_string is defined %}\n    {%- if strftime_now is defined %}\n        {%- set date_string = strftime_now(\"%d %b %Y\") %}\n    {%- else %}\n        {%- set date_string = \"26 Jul 2024\" %}\n    {%- endif %}\n{%- endif %}\n{%- if messages[0]['role'] == 'system' %}\n    {%- set system_message = messages[0]['content']|trim %}\n    {%- set messages = messages[1:] %}\n{%- else %}\n    {%- set system_message = \"\" %}\n{%- endif %}\n{{- \"Today: \" + date_string + \"\\n\\n\" }}{{- system_message }}\n{%- for message in messages %}\n    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}\n        {{- '[' + message['role'] + '] '+ message['content'] | trim + '|' }}\n    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '[assistant]' }}\n{%- endif %}\n";
    assert_eq!(
        render(source).unwrap(),
        "<s>Today: 29 Feb 2024\n\nBe kind.[user] Hi <b>|[assistant] Hello.|[user] 熾火?|[assistant]"
    );
}

#[test]
fn the_mistral_style_raises() {
    let source = "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}";
    let template = Template::new(source, "<s>".into(), "</s>".into()).unwrap();
    assert_eq!(
        template.render(&chat()[1..], context()).unwrap(),
        "<s>[INST] Hi <b> [/INST] Hello. </s>[INST] 熾火? [/INST]"
    );
    assert_eq!(
        template.render(&chat(), context()).unwrap_err(),
        TemplateError::Raised(
            "Conversation roles must alternate user/assistant/user/assistant/...".into()
        )
    );
}

#[test]
fn the_qwen_3_style() {
    let source = "{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}\n{%- for message in messages[::-1] %}\n    {%- set index = (messages|length - 1) - loop.index0 %}\n    {%- if ns.multi_step_tool and message.role == \"user\" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}\n        {%- set ns.multi_step_tool = false %}\n        {%- set ns.last_query_index = index %}\n    {%- endif %}\n{%- endfor %}\n{{- ns.last_query_index }}\n{%- set content = '<think>a</think>b' %}\n{{- content.split('</think>')[-1].lstrip('\\n') }}{{- content.split('</think>')[0].rstrip('\\n').split('<think>')[-1] }}\n{%- if enable_thinking is defined and enable_thinking is false %}{{- '!' }}{%- endif %}";
    assert_eq!(render(source).unwrap(), "3ba");
    let template = Template::new(source, String::new(), String::new()).unwrap();
    let quiet = Context {
        thinking: Some(false),
        ..context()
    };
    assert_eq!(template.render(&chat(), quiet).unwrap(), "3ba!");
}

#[test]
fn the_gemma_style() {
    let source = "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set first = messages[0]['content'] ~ '\n\n' %}{% else %}{% set loop_messages = messages %}{% set first = '' %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + (first if loop.first else '') + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}";
    assert_eq!(
        render(source).unwrap(),
        "<s><start_of_turn>user\nBe kind.\n\nHi <b><end_of_turn>\n<start_of_turn>model\nHello.<end_of_turn>\n<start_of_turn>user\n熾火?<end_of_turn>\n<start_of_turn>model\n"
    );
}

#[test]
fn python_is_spoken() {
    for (source, expected) in [
        ("{{ ' a '.strip() }}|{{ 'xax'.strip('x') }}", "a|a"),
        ("{{ 'a,b,c'.split(',')|join('-') }}", "a-b-c"),
        ("{{ 'a,b,c'.rsplit(',', 1)|join('-') }}", "a,b-c"),
        ("{{ 'a b'.split()|length }}", "2"),
        (
            "{{ 'aXb'.lower() }}{{ 'a'.upper() }}{{ 'ab cd'.title() }}",
            "axbAAb Cd",
        ),
        (
            "{{ 'a-b'.replace('-', '+') }}{{ 'a-b'|replace('-', '') }}",
            "a+bab",
        ),
        ("{{ {'a': 1}.get('a') }}{{ {'a': 1}.get('b', 2) }}", "12"),
        (
            "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}{{ v }}{% endfor %}",
            "a1b2",
        ),
        (
            "{{ {'b': 1, 'a': [1, 'ü<']}|tojson }}",
            "{\"b\": 1, \"a\": [1, \"ü<\"]}",
        ),
        ("{{ {'a': 1}|tojson(indent=2) }}", "{\n  \"a\": 1\n}"),
        ("{{ 'a\nb'|indent(2) }}", "a\n  b"),
        (
            "{{ messages|selectattr('role', 'equalto', 'user')|list|length }}",
            "2",
        ),
        (
            "{{ messages|map(attribute='role')|join(',') }}",
            "system,user,assistant,user",
        ),
        ("{{ 'ab'.find('b') }}{{ 'aab'.count('a') }}", "12"),
        (
            "{{ 'x.y'.removeprefix('x.') }}{{ '12'.isdigit() }}",
            "yTrue",
        ),
        (
            "{% macro m(x) %}[{{ x }}]{% endmacro %}{{ m(1) ~ m(2) }}",
            "[1][2]",
        ),
        (
            "{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}",
            "01",
        ),
        ("a\r\nb{{ 'c\r\nd' }}\re", "a\nbc\nd\ne"),
        ("{{ nothing }}{{ messages[9] is defined }}", "False"),
    ] {
        assert_eq!(render(source).as_deref(), Ok(expected), "{source}");
    }
}

#[test]
fn what_jinja2_and_transformers_offer() {
    for (source, expected) in [
        ("{% generation %}a{% endgeneration %}", "a"),
        ("{{ 'a{}'.format('b') }}{{ '%s!' | format('a') }}", "aba!"),
        (
            "{{ '-' * 3 }}{{ [1, 2] | sum }}{{ nothing | length }}",
            "---30",
        ),
        ("{{ 2 * 3 + 4 }} {{ 7 // 2 * 2 }} {{ 2 * 1.5 }}", "10 6 3.0"),
        ("{{ [0, 1] * 2 }}", "[0, 1, 0, 1]"),
        ("{{ tools is none }} {{ documents is none }}", "True True"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{{ 'abc'.center(5, '*') }} {{ '7'.zfill(3) }}", "*abc* 007"),
        (
            "{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}",
            "01",
        ),
        ("{{ strftime_now('%-d %I %p') }}", "29 12 PM"),
    ] {
        assert_eq!(render(source).as_deref(), Ok(expected), "{source}");
    }
}

#[test]
fn bombs_are_bounded() {
    let steps = TemplateError::Bound("many steps");
    let memory = TemplateError::Bound("much memory");
    let room = TemplateError::Bound("much room");
    let double = |body: &str| {
        format!(
            "{{% set ns = namespace(x='ab') %}}{{% for i in range(99) %}}{{% set ns.x = {body} %}}{{% endfor %}}"
        )
    };
    let long = "y".repeat(100_000);
    let capture = format!(
        "{{% macro m() %}}{{% for i in range(99999) %}}{long}{{% endfor %}}{{% endmacro %}}{{% set x = m() %}}"
    );
    for (source, expected) in [
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}".to_string(), &steps),
        (double("ns.x ~ ns.x"), &memory),
        (double("ns.x + ns.x"), &memory),
        (double("(ns.x ~ '') + ns.x"), &memory),
        (double("[ns.x, ns.x]|join"), &memory),
        (double("ns.x|replace('', ns.x)"), &memory),
        (double("ns.x.replace('a', ns.x)"), &memory),
        (double("ns.x.join([ns.x, ns.x, ns.x])"), &memory),
        (double("(ns.x|tojson)|tojson"), &memory),
        (double("[ns.x, ns.x]") + "{{ ns.x }}", &memory),
        (double("[ns.x, ns.x]") + "{{ ns.x == [1] }}", &memory),
        (double("[ns.x, ns.x]") + "{{ ns.x|string|length }}", &memory),
        ("{% macro m(x) %}{{ m(x ~ x) }}{% endmacro %}{{ m('abcdefgh') }}".to_string(), &memory),
        ("{% set ns = namespace(x=[]) %}{% set t = messages[0].content ~ 'x' %}{% for i in range(99999) %}{% set ns.x = ns.x + [t ~ i] %}{% endfor %}".to_string(), &memory),
        (capture, &steps),
        ("{% for i in range(99999) %}xxxxxxxxxx{% endfor %}".to_string(), &room),
    ] {
        assert_eq!(render(&source).as_ref(), Err(expected), "{source:.200}");
    }
    for source in [
        "{{ 'a' * 100000000 }}",
        "{{ [0] * 100000000 }}",
        "{{ 100000000 * [0] }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ 'x'|lipsum }}",
        "{{ '%100000000s'|format('a') }}",
        "{{ 'a'.ljust(100000000) }}",
        "{% include 'x' %}",
    ] {
        assert!(render(source).is_err(), "{source}");
    }
}

/// The engine drops a nested list one stack frame per level, which overflows an ordinary stack and would end
/// the process.
#[test]
fn a_deeply_nested_list_can_be_dropped() {
    let source = "{% set ns = namespace(x=[]) %}{% for i in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}x";
    assert_eq!(render(source).unwrap(), "x");
}

#[test]
fn sources_that_cannot_be_read_are_refused() {
    for source in [
        "{% if %}".to_string(),
        "{{ a".into(),
        "{% frobnicate %}".into(),
        "x".repeat(MAX_SOURCE + 1),
    ] {
        assert!(matches!(
            Template::new(&source, String::new(), String::new()),
            Err(TemplateError::Refused(_))
        ));
    }
}

#[test]
fn a_base_model_continues_text() {
    let one = plain(&[Message::new("user", "Once upon a time")]);
    assert_eq!(one.text, "Once upon a time");
    assert!(one.stop.is_empty());
    let more = plain(&chat());
    assert_eq!(
        more.text,
        "Be kind.\n\nUser: Hi <b>\n\nAssistant: Hello.\n\nUser: 熾火?\n\nAssistant:"
    );
    assert_eq!(more.stop, ["\nUser:"]);
}

proptest::proptest! {
    #[test]
    fn any_source_gives_an_answer(source in r#"([{%}] ?|for|x|in|set|end|if|\||~|'|\(|\)|=|messages|[a-z0-9\[\]\n]){0,30}"#) {
        let _ = render(&source);
    }
}
