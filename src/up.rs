//! What `up` puts together, in which order it starts and stops, and what it says meanwhile.

mod interrupt;
mod parts;
mod resume;
mod take_over;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use bc_recorder::Watched;
use bc_schema::Committed;
use bc_store::SqliteStore;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::control::address;
use crate::control::desk::UpDesk;
use crate::control::server;
use crate::data_dir::DataDir;
use crate::health::{Beside, Looked};
use crate::link::{ADMIN_FOR, Links};
use crate::recording::Recording;
use crate::report::{answer, say};
use crate::settings::Settings;
use interrupt::Interrupt;
use parts::Parts;

/// How many commits a slow reader of the news may lag behind before it skips some.
const NEWS: usize = 64;

/// Records and serves until interrupted, or until a part fails.
pub(crate) async fn serve(settings: &Settings) -> anyhow::Result<()> {
    let mut interrupt = Interrupt::listen()?;
    let data = DataDir::create(&settings.data)?;
    let taken = take_over::begin(&data)?;
    let listener = bind(settings.listen).await?;
    // What refuses early has done so: who records until now is not stopped for nothing.
    let lock = take_over::end(&data, taken).await?;
    let listen = listener
        .local_addr()
        .context("cannot learn the page's own address")?;
    let secret = settings.secret_in_force(&data, &lock)?;
    let links = Links::new(settings, listen, &secret);
    let web = settings.web(listen, data.path().display().to_string(), secret);
    // Before anything is begun that would have to be ended.
    web.check()?;

    // Gone however this ends.
    let (control, _socket) = address::listen(address::of(data.path()))?;
    let store = Arc::new(SqliteStore::open_with_reserve(&data.database())?);
    let (committed, _) = broadcast::channel::<Committed>(NEWS);
    let host = &settings.recorder.host;
    let resume = resume::left_open(&*store, host)
        .await
        .context("cannot look up what was recorded before")?;
    let looked = Arc::new(Looked::default());
    let (pages, others) = (committed.clone(), looked.clone());
    let config = bc_recorder::Config {
        resume,
        pins: Some(data.path().to_owned()),
        clock: Some(data.clock()),
        watched: Watched::by(move || pages.receiver_count() > 0 || others.lately()),
        ..settings.recorder.clone()
    };
    let mut recording = Recording::start(config, &store, committed.clone());
    let beside = Arc::new(Beside {
        status: recording.status.clone(),
        commits: recording.commits.clone(),
        database: data.database(),
        looked,
    });

    let stop = CancellationToken::new();
    let mut parts = Parts::default();
    let desk = UpDesk::new(recording.desk.clone(), links.clone());
    let stop_control = stop.clone();
    parts.start("the control socket", async move {
        server::serve(desk, control, stop_control).await;
        Ok(())
    });
    let clean = bc_clean::Config {
        retention: settings.retention,
        ..Default::default()
    };
    let (pruned, stop_clean) = (store.clone(), stop.clone());
    parts.start("the cleaning", async move {
        bc_clean::run(clean, pruned, stop_clean).await;
        Ok(())
    });
    let (read, stop_web) = (store.clone(), stop.clone());
    parts.start("the page", async move {
        Ok(bc_web::run(web, listener, read, committed, beside, stop_web).await?)
    });

    let outcome = tokio::select! {
        () = interrupt.next() => Ok(()),
        error = parts.failed() => Err(error),
        error = attend(&mut recording, &links) => Err(error),
    };
    tracing::info!("stopping");
    let stopped = tokio::select! {
        () = interrupt.next() => Err(anyhow!("stopped at once: the last seconds may be missing")),
        stopped = async {
            // The recorder first: what it still has must find a store, and pages that show it.
            let recorder = recording.stop().await;
            stop.cancel();
            recorder.and(parts.stopped().await)
        } => stopped,
    };
    // What fails first is the cause; what fails while stopping after it is its consequence.
    outcome.and(stopped)
}

/// Says where the page is once there is something to see; comes back only if the recorder fails.
async fn attend(recording: &mut Recording, links: &Links) -> anyhow::Error {
    let greeted = async {
        recording.ready().await?;
        greet(links)?;
        // The first sample comes after the first look for containers.
        let first = recording.status.wait_for(|status| status.samples > 0).await;
        if first.is_ok_and(|status| status.containers == 0) {
            say(
                "no container or job runs here now; each will be recorded from its first process on. \
                 To see one: `bubble-chamber run -- sleep 30`, or start any container",
            );
        }
        anyhow::Ok(())
    };
    match greeted.await {
        Ok(()) => recording.failed().await,
        Err(error) => error,
    }
}

/// The one thing on standard output.
fn greet(links: &Links) -> anyhow::Result<()> {
    let hours = ADMIN_FOR.as_secs() / 3600;
    answer(format_args!(
        "Recording. The page, for the next {hours} hours (`bubble-chamber token --admin` makes another token):\n\n    {}\n",
        links.admin()
    ))
}

/// Opens the page's port early, so that a port that is taken is told before anything else is begun.
async fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "port {} of {} is taken by another program: name another with --listen, as in --listen {}",
            listen.port(),
            listen.ip(),
            SocketAddr::new(listen.ip(), listen.port().wrapping_add(1).max(1024))
        ),
        ErrorKind::AddrNotAvailable => anyhow!("{} is no address of this machine: name another with --listen", listen.ip()),
        ErrorKind::PermissionDenied => anyhow!("port {} may not be used by this user: name another with --listen", listen.port()),
        _ => anyhow::Error::new(error).context(format!("cannot listen on {listen} (--listen)")),
    })
}
