//! ureq with rustls and the system's roots: prints what the address answers.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("an address is missing")?;
    let answer = ureq::get(&address).call()?;
    println!("{} {}", answer.status(), answer.into_string()?);
    Ok(())
}
