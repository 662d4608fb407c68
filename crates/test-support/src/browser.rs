//! A browser that a test drives: headless Chromium over its remote-debugging pipe.

use serde_json::{Value, json};
use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread::{sleep, spawn},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longest time that a page may take for anything.
const LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// One page in a browser of its own; ended when dropped.
pub struct Browser {
    child: Child,
    commands: File,
    answers: Receiver<Value>,
    session: String,
    number: u64,
    /// Errors and messages on its console.
    pub console: Vec<String>,
    /// Requests that it made.
    pub requests: Vec<String>,
    _folder: TempDir,
}

impl Browser {
    /// With an empty page of so many pixels.
    pub fn start(width: u32, height: u32) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = folder.path();
        for pipe in ["in", "out"] {
            let mode = nix::sys::stat::Mode::S_IRWXU;
            nix::unistd::mkfifo(&at.join(pipe), mode).expect("the folder is ours");
        }
        // The shell gives Chromium the two descriptors that it wants, 3 and 4.
        let script = "exec chromium --headless=new --no-sandbox --disable-gpu --no-first-run \
             --disable-background-networking --disable-component-update --hide-scrollbars \
             --host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1' \
             --user-data-dir=profile --remote-debugging-pipe about:blank 3<in 4>out";
        let child = Command::new("sh")
            .args(["-c", script])
            .current_dir(at)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell runs");
        // In the order in which the shell opens them: each waits for the other end.
        let commands = File::options().write(true).open(at.join("in"));
        let output = File::open(at.join("out")).expect("the shell writes it");
        let (sender, answers) = channel();
        spawn(move || {
            for message in BufReader::new(output).split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("Chromium speaks JSON");
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            child,
            commands: commands.expect("the shell reads it"),
            answers,
            session: String::new(),
            number: 0,
            console: Vec::new(),
            requests: Vec::new(),
            _folder: folder,
        };
        let targets = browser.ask("Target.getTargets", json!({}));
        let page = targets["targetInfos"].as_array().expect("a list");
        let page = page.iter().find(|one| one["type"] == "page");
        let page = page.expect("about:blank")["targetId"].clone();
        let attached = browser.ask(
            "Target.attachToTarget",
            json!({"targetId": page, "flatten": true}),
        );
        browser.session = attached["sessionId"].as_str().expect("attached").to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        browser.size(width, height);
        browser
    }

    /// Makes the page so large; up to 500 pixels wide it is a phone's.
    pub fn size(&mut self, width: u32, height: u32) {
        let phone = width <= 500;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": if phone { 2 } else { 1 }, "mobile": phone});
        self.ask("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// As for a reader whose system is dark.
    pub fn dark(&mut self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.ask("Emulation.setEmulatedMedia", features);
    }

    /// Goes to a page.
    pub fn open(&mut self, url: &str) {
        self.ask("Page.navigate", json!({"url": url}));
    }

    /// Loads the page again.
    pub fn reload(&mut self) {
        self.ask("Page.reload", json!({}));
    }

    /// Value of a JavaScript expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true});
        let answer = self.ask("Runtime.evaluate", asked);
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// Text of the page.
    pub fn text(&mut self) -> String {
        let text = self.value("document.body ? document.body.innerText : ''");
        text.as_str().expect("a text").to_owned()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub fn wait_for(&mut self, expression: &str) {
        let deadline = Instant::now() + LIMIT;
        while self.value(&format!("Boolean({expression})")) != true {
            if Instant::now() > deadline {
                let (console, text) = (self.console.join("\n"), self.text());
                panic!("never {expression}:\n{console}\n{text}");
            }
            sleep(POLL);
        }
    }

    /// A picture of the whole page, as PNG in a file.
    pub fn picture(&mut self, file: &Path) {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let asked = json!({"format": "png", "captureBeyondViewport": true});
        let answer = self.ask("Page.captureScreenshot", asked);
        let data = STANDARD.decode(answer["data"].as_str().expect("a picture"));
        std::fs::write(file, data.expect("base64")).expect("a file can be written");
    }

    /// The page as it is printed on A4, as PDF.
    pub fn print(&mut self) -> Vec<u8> {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let asked = json!({"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": true});
        let answer = self.ask("Page.printToPDF", asked);
        let data = STANDARD.decode(answer["data"].as_str().expect("a document"));
        data.expect("base64")
    }

    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.number += 1;
        let mut command = json!({"id": self.number, "method": method, "params": parameters});
        if !self.session.is_empty() {
            command["sessionId"] = self.session.as_str().into();
        }
        let written = write!(self.commands, "{command}\0");
        written.unwrap_or_else(|error| panic!("`scripts/test test` installs chromium: {error}"));
        let deadline = Instant::now() + LIMIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left) {
                Ok(message) if message["id"] == self.number => {
                    assert!(message["error"].is_null(), "{method}: {message}");
                    return message["result"].clone();
                }
                Ok(message) => self.note(&message),
                Err(RecvTimeoutError::Timeout) => panic!("no answer to {method}"),
                Err(RecvTimeoutError::Disconnected) => panic!("the browser has gone"),
            }
        }
    }

    fn note(&mut self, message: &Value) {
        let about = &message["params"];
        match message["method"].as_str() {
            Some("Network.requestWillBeSent") => {
                let url = about["request"]["url"].as_str().unwrap_or_default();
                // Data within the page itself is no request.
                if !url.starts_with("data:") {
                    self.requests.push(url.to_owned());
                }
            }
            Some("Runtime.consoleAPICalled") => self.console.push(about["args"].to_string()),
            Some("Runtime.exceptionThrown") => {
                self.console.push(about["exceptionDetails"].to_string());
            }
            Some("Log.entryAdded") => self.console.push(about["entry"].to_string()),
            _ => {}
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its own processes end with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
