//! Every kind of step by the driver that it is for.

use super::{
    Custom, Driven, Driver, KindDriver, NoCustom, Outcome, PrepareError, Progress, Reach, Setup,
    Timers, Worker,
};
use loadgen_data::Value;
use loadgen_plan::{CustomStep, HttpStep, Plan, RunData, SqlStep, Step, StepKind};
use loadgen_scenario::step_kinds;

macro_rules! define {
    ($($(#[$doc:meta])* $module:ident: $name:ident($plan:ident),)*) => {
        /// State that the drivers of all workers share, by kind of step.
        #[derive(Debug, Clone)]
        pub struct Setups<C: Custom = NoCustom> {
            $(
                #[allow(missing_docs)]
                pub $module: <$plan as Driven<C>>::Setup,
            )*
            /// Timers of step timeouts and other timeouts.
            pub timers: Timers,
        }

        impl<C: Custom> Setups<C> {
            /// Looks whether all is there that a plan's steps go to. Drivers with these setups prepare
            /// nothing in advance, because what one step needs may be made by the one before.
            ///
            /// # Errors
            /// When something is not there.
            pub async fn reach(to: &Reach<'_, C>) -> Result<Self, PrepareError> {
                Ok(Self {
                    $($module: <<$plan as Driven<C>>::Setup as Setup<C>>::reach(to).await?,)*
                    timers: Timers::default(),
                })
            }

            /// Prepares the steps under load.
            ///
            /// # Errors
            /// When one of them cannot be done.
            pub async fn prepare(
                &mut self,
                plan: &Plan,
                data: &RunData,
            ) -> Result<(), PrepareError> {
                $(Setup::<C>::prepare(&mut self.$module, plan, data).await?;)*
                Ok(())
            }
        }

        /// Drives everything that a plan's steps are for, for the sessions of one worker.
        #[derive(Debug)]
        pub struct Drivers<C: Custom = NoCustom> {
            $($module: <$plan as Driven<C>>::Driver,)*
        }

        /// State that a user or slot keeps between its steps, by kind of step.
        pub struct Session<C: Custom = NoCustom> {
            user: u64,
            $($module: <<$plan as Driven<C>>::Driver as KindDriver>::Session,)*
        }

        impl<C: Custom> Drivers<C> {
            /// The drivers of a worker, for the thread that they are made in.
            pub fn new(worker: &Worker, setups: &Setups<C>) -> Self {
                Self {
                    $($module: KindDriver::new(worker, &setups.$module),)*
                }
            }
        }

        impl<C: Custom> Driver for Drivers<C> {
            type Session = Session<C>;

            fn wants_timers(plan: &Plan) -> bool {
                plan.populations.iter().any(|population| {
                    $(<$plan as Driven<C>>::Driver::wants_timers(population) ||)* false
                })
            }

            fn session(&self, population: usize, user: u64) -> Session<C> {
                Session {
                    user,
                    $($module: self.$module.session(population, user),)*
                }
            }

            fn renew(&self, session: &mut Session<C>) {
                $(self.$module.renew(&mut session.$module);)*
            }

            #[allow(clippy::manual_async_fn, reason = "an `async fn` holds its arguments twice")]
            fn execute(
                &self,
                session: &mut Session<C>,
                step: &Step,
                values: &mut [Value],
                progress: &Progress,
            ) -> impl Future<Output = Outcome> { async move {
                match &step.kind {
                    $(StepKind::$name(plan) => {
                        let step = (step.index, plan);
                        let own = &mut session.$module;
                        self.$module
                            .execute(own, session.user, step, values, progress)
                            .await
                    })*
                }
            } }

            async fn abandon(&self, session: &mut Session<C>) {
                $(self.$module.abandon(&mut session.$module).await;)*
            }

            async fn tidy(&self) {
                $(self.$module.tidy().await;)*
            }
        }
    };
}
step_kinds!(define);
