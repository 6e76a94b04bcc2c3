//! `account` and `token`: who may read. A password is read from the terminal or from stdin and never from the command line, where every
//! other program of the machine could see it.

use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal as _};

use groundswell_serve::{AccountName, PASSWORD_BYTES_MAX, PasswordCost, Register, RegisterError};
use groundswell_sketch::Rfc3339;
use groundswell_sources::{Clock as _, SystemClock};

use crate::access;
use crate::acts::{self, OperatorAct};
use crate::args::{Account, Common, Token};
use crate::failure::{DONE, Failure, Outcome};
use crate::settings::{self, Settings};
use crate::{output, pipeline};

/// Adds, lists and removes accounts, and gives them passwords.
pub(crate) fn account(common: &Common, command: Account) -> Outcome {
    let settings = settings::load(common)?.settings;
    match command {
        Account::Add { name, role } => {
            let name = named(&name)?;
            let first = !access::is_guarded(&settings) || Register::read(&access::register(&settings)).is_err();
            let secret = password()?;
            let now = SystemClock::default().now().unix();
            change(&settings, |register| {
                register.add_account(name.clone(), role, &secret, PasswordCost::DEFAULT, now)
            })?;
            acts::record(&settings, &OperatorAct::AccountAdded { account: name.clone(), role })?;
            output::note(common, &format!("account {name} is there, as {role}"));
            if first {
                output::note(common, "from its next start on the service asks everybody who they are");
            }
        }
        Account::List { json } => list_accounts(&settings, json)?,
        Account::Remove { name } => {
            let name = named(&name)?;
            change(&settings, |register| register.remove_account(&name))?;
            acts::record(&settings, &OperatorAct::AccountRemoved { account: name.clone() })?;
            output::note(common, &format!("account {name} is removed, and its sessions have ended"));
        }
        Account::Password { name } => {
            let name = named(&name)?;
            let secret = password()?;
            change(&settings, |register| register.set_password(&name, &secret, PasswordCost::DEFAULT))?;
            acts::record(&settings, &OperatorAct::PasswordChanged { account: name.clone() })?;
            output::note(common, &format!("account {name} has another password, and its sessions have ended"));
        }
    }
    Ok(DONE)
}

/// Adds, lists and revokes API tokens.
pub(crate) fn token(common: &Common, command: Token) -> Outcome {
    let settings = settings::load(common)?.settings;
    match command {
        Token::Add { name, role, days } => {
            let name = named(&name)?;
            let now = SystemClock::default().now().unix();
            let secret = change(&settings, |register| register.add_token(name.clone(), role, days, now))?;
            acts::record(&settings, &OperatorAct::TokenAdded { token: name.clone(), role, days })?;
            output::write_stdout(format!("{secret}\n").as_bytes())?;
            output::note(common, &format!("token {name}, {role}, for {days} days; it is shown this once"));
        }
        Token::List { json } => list_tokens(&settings, json)?,
        Token::Revoke { name } => {
            let name = named(&name)?;
            change(&settings, |register| register.revoke_token(&name))?;
            acts::record(&settings, &OperatorAct::TokenRevoked { token: name.clone() })?;
            output::note(common, &format!("token {name} is revoked"));
        }
    }
    Ok(DONE)
}

fn named(text: &str) -> Result<AccountName, Failure> {
    AccountName::parse(text).map_err(|error| Failure::usage_text(format!("NAME: {error}")))
}

fn change<T>(settings: &Settings, work: impl FnOnce(&mut Register) -> Result<T, RegisterError>) -> Result<T, Failure> {
    pipeline::make_data_dir(&settings.data)?;
    acts::check(settings)?;
    Register::change(&access::register(settings), work).map_err(|error| match error {
        RegisterError::Io { .. } => Failure::from(error),
        _ => Failure::usage(error),
    })
}

/// The accounts and tokens that there are; none where there is no file.
fn read(settings: &Settings) -> Result<Register, Failure> {
    match Register::read(&access::register(settings)) {
        Err(RegisterError::Missing { .. }) => Ok(Register::default()),
        other => other.map_err(Failure::usage),
    }
}

fn list_accounts(settings: &Settings, json: bool) -> Result<(), Failure> {
    let register = read(settings)?;
    let text = if json {
        let items: Vec<_> = register
            .accounts()
            .iter()
            .map(|a| serde_json::json!({"name": a.name, "role": a.role, "created": Rfc3339(a.created).to_string()}))
            .collect();
        format!("{}\n", serde_json::json!({"items": items}))
    } else {
        register.accounts().iter().fold(String::new(), |mut text, account| {
            let _ = writeln!(text, "{}\t{}\tsince {}", account.name, account.role, Rfc3339(account.created));
            text
        })
    };
    Ok(output::write_stdout(text.as_bytes())?)
}

fn list_tokens(settings: &Settings, json: bool) -> Result<(), Failure> {
    let register = read(settings)?;
    let now = SystemClock::default().now().unix();
    let text = if json {
        let items: Vec<_> = register
            .tokens()
            .iter()
            .map(|t| {
                serde_json::json!({
                    "name": t.name, "role": t.role, "created": Rfc3339(t.created).to_string(), "expires": Rfc3339(t.expires).to_string(),
                    "expired": t.is_expired(now),
                })
            })
            .collect();
        format!("{}\n", serde_json::json!({"items": items}))
    } else {
        register.tokens().iter().fold(String::new(), |mut text, token| {
            let word = if token.is_expired(now) { "expired" } else { "until" };
            let _ = writeln!(text, "{}\t{}\t{word} {}", token.name, token.role, Rfc3339(token.expires));
            text
        })
    };
    Ok(output::write_stdout(text.as_bytes())?)
}

/// From the terminal, twice and unseen; else the first line of stdin.
fn password() -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password("Password: ")?;
        let again = rpassword::prompt_password("Again: ")?;
        if first != again {
            return Err(Failure::usage_text("the two are not the same"));
        }
        return Ok(first);
    }
    let mut line = String::new();
    let mut limited = std::io::Read::take(std::io::stdin().lock(), PASSWORD_BYTES_MAX as u64 + 2);
    limited.read_line(&mut line)?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}
