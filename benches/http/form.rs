//! A form with a file, in parts, and the same bytes as a plain content.

/// As loadgen's own are: so long that both requests have the same length.
const BOUNDARY: &str = "loadgen-0123456789abcdef0123456789abcdef";

/// Name of the file.
const FILE: &str = "notes.txt";

fn notes() -> String {
    "Shipped with the second parcel. ".repeat(32)
}

/// A number of this many digits goes into both.
const DATA: &str = "[data]\nnumber = { uniform = { from = 100000, to = 999999 } }\n";

/// Bytes of either content.
pub fn length() -> usize {
    content().replace("{{number}}", "123456").len()
}

/// Step that posts the form in parts.
pub fn in_parts() -> String {
    let notes = notes();
    format!(
        "[[task.step]]\npost = \"/form\"\nexpect = {{ status = 200 }}\n\
         multipart = {{ title = \"Report {{{{number}}}}\", \
         notes = {{ value = {notes:?}, filename = {FILE:?}, type = \"text/plain\" }} }}\n{DATA}"
    )
}

/// Step that posts the same bytes.
pub fn plain() -> String {
    let content = content();
    format!(
        "[[task.step]]\npost = \"/form\"\nexpect = {{ status = 200 }}\n\
         headers = {{ content-type = \"multipart/form-data; boundary={BOUNDARY}\" }}\n\
         body = {content:?}\n{DATA}"
    )
}

fn content() -> String {
    let notes = notes();
    format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nReport {{{{number}}}}\r\n\
         --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"notes\"; filename=\"{FILE}\"\r\n\
         Content-Type: text/plain\r\n\r\n{notes}\r\n--{BOUNDARY}--\r\n"
    )
}
