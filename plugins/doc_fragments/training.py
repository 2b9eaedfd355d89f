# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  retrain:
    description:
      - What to do when a model or run of the name exists that was made with other training settings. No provider can
        change a finished model, so this always means a new run, which is paid anew.
      - V(never) fails and lists each setting, old and new.
      - V(on_change) cancels a run that is still going, and starts a new one.
    type: str
    choices: [never, on_change]
    default: never
  retry_failed:
    description:
      - Whether to start one more run when the newest one with the same settings failed or was cancelled.
      - If V(false), such a run makes the task fail with the provider's reason.
    type: bool
    default: false
  delete_previous:
    description:
      - Whether to delete the models of the name that a newer one has replaced, once that is ready. A deletion that was
        interrupted is finished by any later run with this option.
    type: bool
    default: false
  ignore_changes:
    description:
      - Options that are left out when what exists is compared with what is asked for, for example because the host
        shows them in another way than they were sent, or because somebody else changes them. They still hold for what
        is created.
      - Of an option with parts, such as V(hyperparameters), a part can be named alone, as in
        V(hyperparameters.n_epochs).
      - What differs in them is shown under C(ignored) in the diff, and as RV(ignore:ignored_changes).
      - The name and the ids that say which model is meant cannot be left out.
    type: list
    elements: str
    default: []
  details:
    description:
      - Whether to fetch RV(ignore:metrics) and RV(ignore:checkpoints) also of a run that was finished before the task
        began. They cost further API calls. Those of a run that the task has waited for are always fetched.
    type: bool
    default: false
"""
