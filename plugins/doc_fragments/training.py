# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  retrain:
    description:
      - The action when a model or run with this name exists that has different training settings. No provider can
        change a finished model, so retraining always starts and charges a new run.
      - V(never) fails and lists the old and new value of each setting.
      - V(on_change) cancels an unfinished run and starts a new one.
    type: str
    choices: [never, on_change]
    default: never
  retry_failed:
    description:
      - Whether to start one more run if the newest run with the same settings failed or was cancelled.
      - If V(false), such a run makes the task fail with the provider's reason.
    type: bool
    default: false
  delete_previous:
    description:
      - Whether to delete the older models of this name after a newer model has replaced them and is ready. If a
        deletion is interrupted, any later run with this option finishes it.
    type: bool
    default: false
  ignore_changes:
    description:
      - The options to ignore when the desired state is compared with the observed state. This is useful if the host
        shows an option in a different form, or if another tool manages it. These options still apply to newly created
        resources.
      - To ignore one key of a dictionary such as V(hyperparameters), name the key, as in V(hyperparameters.n_epochs).
      - Ignored differences are shown under C(ignored) in the diff, and in RV(ignore:ignored_changes).
      - The name and the ids that identify the model cannot be ignored.
    type: list
    elements: str
    default: []
  details:
    description:
      - Whether to fetch RV(ignore:metrics) and RV(ignore:checkpoints) also for a run that had finished before the task
        started. This needs more API calls. For a run that the task waited for, both are always fetched.
    type: bool
    default: false
"""
