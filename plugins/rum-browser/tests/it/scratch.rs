use crate::support::pages;

#[tokio::test]
async fn scratch_dump() {
    let Ok(dir) = std::env::var("DUMP") else { return };
    let pages = pages(1000).await;
    let errors = pages.page("/.greenroom/browser/errors").await;
    let resources = pages.page("/.greenroom/browser/resources").await;
    let find = |page: &str, begin: &str| {
        page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&")).find(|link| link.starts_with(begin)).unwrap()
    };
    let error = find(&errors, "/.greenroom/browser/errors/");
    let session = find(&resources, "/.greenroom/browser/sessions/");
    let list = [
        ("vitals", "/.greenroom/browser".to_owned()),
        ("vitals-cls", "/.greenroom/browser?vital=cls&t=7d&device=mobile".to_owned()),
        ("sessions", "/.greenroom/browser/sessions".to_owned()),
        ("session", session.split('#').next().unwrap().to_owned()),
        ("errors", "/.greenroom/browser/errors".to_owned()),
        ("error", error),
        ("resources", "/.greenroom/browser/resources".to_owned()),
        ("none", "/.greenroom/browser?device=tablet".to_owned()),
    ];
    for (name, path) in list {
        let began = std::time::Instant::now();
        let page = pages.page(&path).await;
        eprintln!("{name}: {} bytes, {:?}", page.len(), began.elapsed());
        std::fs::write(format!("{dir}/{name}.html"), page).unwrap();
    }
    let empty = crate::support::pages(0).await.page("/.greenroom/browser").await;
    std::fs::write(format!("{dir}/empty.html"), empty).unwrap();
}
