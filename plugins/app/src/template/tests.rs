//! What templates come to, and what is refused of them.

use greenroom::config::RootConfig;

use super::*;

const CONFIG: &str = r#"
app:
  title: 'Tom & "Jerry" <b>'
  breaks: "'; alert(1) //\n</script>\\"
  plain: Ours
  rate: 0
  share: '0x10'
  on: yes
"#;

fn rendered(template: &str) -> Result<String, String> {
    let config = RootConfig::from_yaml(CONFIG).unwrap();
    let scope = Scope { config: &config, public_path: "/base" };
    let told = |fault| match fault {
        Fault::Unknown(line, what) => format!("{line}: {what}"),
        Fault::Config(line, error) => format!("{line}: {}", error.message()),
    };
    Template::parse(template).and_then(|template| template.render(&scope)).map_err(told)
}

#[track_caller]
fn prints(expression: &str, expected: &str) {
    assert_eq!(rendered(&format!("<%= {expression} %>")).as_deref(), Ok(expected), "{expression}");
}

/// What lodash and Node print.
#[test]
fn expressions_come_to_what_javascript_says() {
    prints("publicPath", "/base");
    prints("publicPath + '/static'", "/base/static");
    prints("config.getOptionalString('app.none') ?? 'Backstage'", "Backstage");
    prints("config.getOptionalString(\"app.plain\") || 'Backstage'", "Ours");
    prints("config.getOptionalNumber('app.rate') || 100", "100");
    prints("config.getOptionalNumber('app.rate') ?? 100", "0");
    prints("config.getNumber('app.share') + 1", "17");
    prints("config.getNumber('app.share') + '1'", "161");
    prints("config.getOptionalBoolean('app.on') === true", "true");
    prints("config.getBoolean('app.on') ? 'a' : 'b'", "a");
    prints("config.has('app.none') ? 'a' : config.has('app.on') ? 'b' : 'c'", "b");
    prints("!config.has('app.none')", "true");
    prints("!!'' !== false", "false");
    prints("!!!'x'", "false");
    prints("'' || 0 || null", "");
    prints("undefined", "");
    prints("undefined + 1", "NaN");
    prints("null + 1", "1");
    prints("true && 'x'", "x");
    prints("(null ?? undefined) === undefined", "true");
    prints("null === undefined", "false");
    prints("1 + 2 + 'x' + 1 + 2", "3x12");
    prints("1e21", "1e+21");
    prints("/* a number */ 7", "7");
    prints("'it\\'s' === \"it's\"", "true");
    prints("config.getString('app.plain',)", "Ours");
    assert_eq!(rendered("<%- 'a' %><%=1%><% %>"), Ok("a1".to_owned()));
}

#[test]
fn branches_are_chosen_and_what_is_not_chosen_is_not_evaluated() {
    let page = "<% if (config.has('app.none')) { %>a<%= config.getString('app.none') %><% } else if (1 === 1) { %>b\
                <% if (false) { %>c<% } %><% } else { %>d<% } %>e";
    assert_eq!(rendered(page).as_deref(), Ok("be"));
    assert_eq!(rendered("<% if (0) { %>a<% } else { %>b<% }; %>").as_deref(), Ok("b"));
    assert_eq!(rendered("<% if ('') { %>a<% } %>").as_deref(), Ok(""));
    prints("true || config.getString('app.none')", "true");
}

#[test]
fn what_is_no_template_is_text() {
    for text in ["", "a <b> ${publicPath} %> c", "<%", "<%= publicPath", "50%"] {
        assert_eq!(rendered(text).as_deref(), Ok(text));
    }
}

#[test]
fn what_is_not_understood_is_told_with_its_line() {
    for (page, told) in [
        ("a\n<%= process.env.X %>", "2: 'process'"),
        ("<%= publicPath.length %>", "1: '.'"),
        ("<%= config.getConfig('app') %>", "1: 'config.getConfig'"),
        ("<%= config.getOptionalString('app.none')?.length %>", "1: '?.length'"),
        ("<%= config.getString('app.plain').length %>", "1: '.' behind a value of the config"),
        ("<%= config.getString(publicPath) %>", "1: 'publicPath' where a key in quotes is expected"),
        ("<%= 1 == 1 %>", "1: '== 1'"),
        ("<%= a ?? b %>", "1: 'a'"),
        ("<%= null ?? 1 || 2 %>", "1: '??' beside '||' or '&&' without brackets"),
        ("<%= 1 && 2 ?? 3 %>", "1: '??' beside '||' or '&&' without brackets"),
        ("<%= 017 %>", "1: '017'"),
        ("<%= `x` %>", "1: '`x`'"),
        ("<%= 'x %>", "1: a text without end"),
        ("<%= %>", "1: an end where a value is expected"),
        ("\n\n<% for (const x of []) { %>", "3: the statement 'for (const x of []) {'"),
        ("<% const x = 1; %>", "1: the statement 'const x = 1;'"),
        ("\n<% if (1) { %>\n", "2: an 'if' without end"),
        ("<% } %>", "1: a '}' that ends nothing"),
        ("<% if (1) { %><% } else { %><% } else { %><% } %>", "1: an 'else' behind an 'else'"),
        ("<%\n= 1 %>", "1: the statement '= 1'"),
        (
            "<p>\n<%= config.getString('app.none') %>",
            "2: Missing required config value at 'app.none' in 'mock-config'",
        ),
    ] {
        assert_eq!(rendered(page), Err(told.to_owned()), "{page}");
    }
}

#[test]
fn values_are_escaped_for_the_place_where_they_stand() {
    let title = "<%= config.getString('app.title') %>";
    let breaks = "<%= config.getString('app.breaks') %>";
    let (markup, script) =
        ("Tom &amp; &quot;Jerry&quot; &lt;b&gt;", r"\u0027; alert(1) //\n\u003c/script\u003e\\");
    for (page, expected) in [
        (format!("<title>{title}</title>"), format!("<title>{markup}</title>")),
        (format!("<meta content=\"{title}\">"), format!("<meta content=\"{markup}\">")),
        (format!("<!-- > <script> {title} -->"), format!("<!-- > <script> {markup} -->")),
        (format!("<script>x = '{breaks}'</script>"), format!("<script>x = '{script}'</script>")),
        (format!("<SCRIPT a='>'>x = '{breaks}'"), format!("<SCRIPT a='>'>x = '{script}'")),
        (format!("<script></script >{title}"), format!("<script></script >{markup}")),
        (format!("<scripts>{title}"), format!("<scripts>{markup}")),
        (format!("<script src='{title}'></script>"), format!("<script src='{markup}'></script>")),
        (format!("a < b {title}"), format!("a < b {markup}")),
    ] {
        assert_eq!(rendered(&page), Ok(expected), "{page}");
    }
}

/// The page that Backstage's documents on Datadog show.
#[test]
fn the_documented_snippet_of_datadog_is_understood() {
    let page = "<% if (config.has('app.rum')) { %>\n<script>\n  DD_RUM.init({\n    clientToken: '<%= config.getString(\"app.rum.token\") %>',\n    \
                site: '<%= config.getOptionalString(\"app.rum.site\") || \"datadoghq.com\" %>',\n    \
                sessionSampleRate: '<%= config.getOptionalNumber(\"app.rum.rate\") || 100 %>',\n  });\n</script>\n<% } %>";
    let config = RootConfig::from_yaml("app: {rum: {token: pub'1, rate: '7'}}").unwrap();
    let page = Template::parse(page).unwrap();
    let page = page.render(&Scope { config: &config, public_path: "" }).unwrap();
    assert!(
        page.contains("clientToken: 'pub\\u00271',") && page.contains("site: 'datadoghq.com',"),
        "{page}"
    );
    assert!(page.contains("sessionSampleRate: '7',"), "{page}");
}

proptest::proptest! {
    #[test]
    fn no_template_panics(page in "(<%|%>|=|-|if|else|[(){}!?:+|&'\"./*]|config|getString|publicPath|<script>|</|[a-z0-9 \n]){0,40}") {
        let _ = rendered(&page);
    }

    #[test]
    fn text_alone_stays_as_it_is(page in r"([^<]|<[^%]){0,40}") {
        proptest::prop_assert_eq!(rendered(&page), Ok(page));
    }

    /// Whatever a value holds, the page around it is the same.
    #[test]
    fn a_value_ends_nothing_and_begins_nothing(value in r#"(</script>|<!--|-->|<script|["'`<>&$\\\n{}]|[a-z]|\PC){1,20}"#) {
        let config = RootConfig::from_json(serde_json::json!({"v": value})).unwrap();
        let page = "<i a=\"<%= config.getString('v') %>\"><%= config.getString('v') %></i><script>'<%= config.getString('v') %>'</script>";
        let page = Template::parse(page).unwrap();
        let page = page.render(&Scope { config: &config, public_path: "" }).unwrap();
        let (markup, script) = page.split_once("<script>'").unwrap();
        let inner = script.strip_suffix("'</script>").unwrap();
        proptest::prop_assert!(!inner.contains(['\'', '"', '<', '>', '\n', '`', '$']));
        proptest::prop_assert_eq!(markup.matches('"').count(), 2);
        proptest::prop_assert_eq!(markup.matches(['<', '>']).count(), 4);
    }
}
