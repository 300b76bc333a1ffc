# Copyright: (c) 2026, assay.clusters contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a TestGrid configuration may hold: its messages with their fields.

Source: GoogleCloudPlatform/testgrid, pb/config/config.proto; keys of the YAML are the names of the fields. Types are str,
int, bool, float, a message's name, [..] for a list, `any` for what is not looked into, and lo-hi for the numbers of an enum.
"""
from __future__ import annotations

from difflib import get_close_matches

_FIELDS = {
    "Configuration": "test_groups [TestGroup], dashboards [Dashboard], dashboard_groups [DashboardGroup]",
    "Defaults": "default_test_group TestGroup, default_dashboard_tab DashboardTab",
    "TestGroup": """
        name str, gcs_prefix str, days_of_results int, ignore_pending bool, ignore_built bool, tests_name_policy 0-3,
        gather_test_properties bool, ignore_test_substring [str], column_header [ColumnHeader], fallback_grouping 0-5,
        alert_stale_results_hours int, num_failures_to_alert int, bug_component int, code_search_path str,
        num_columns_recent int, use_test_metadata bool, alert_mail_to_addresses str, alert_mail_subject str,
        alert_mail_failure_message str, alert_mail_debug_url str, min_elapsed_minutes_between_mails int,
        use_configuration_values_as_alert_params bool, enable_flaky_status bool, disable_merged_status bool,
        use_kubernetes_client bool, disable_prowjob_analysis bool, is_external bool, test_name_config TestNameConfig,
        notifications [Notification], column_sort_by int, primary_grouping 0-1, enable_test_methods bool,
        test_annotations [TestAnnotation], max_test_methods_per_test int, commit_override_label_pattern str,
        test_metadata_options [TestMetadataOptions], test_tag_pattern str, auto_bug_options AutoBugOptions,
        max_test_runtime_hours int, num_passes_to_disable_alert int, link_bugs_by_group bool, environment_instance int,
        test_method_properties [KeyValue], gather_bugs bool, short_text_metric str,
        commit_override_configuration_value str, link_bugs_by_test_methods bool, test_method_match_regex str,
        test_method_unmatch_regex str, use_full_method_names bool, custom_result_evaluator_rules [str],
        fallback_grouping_configuration_value str, result_source ResultSource, custom_evaluator_rule_set any,
        read_state_from_storage bool, ignore_old_results bool, ignore_skip bool, build_override_configuration_value str,
        build_override_strftime str, user_property str""",
    "ColumnHeader": "label str, property str, configuration_value str, list_all_values bool",
    "TestNameConfig": "name_elements [NameElement], name_format str",
    "NameElement": "labels str, target_config str, build_target bool, tags str, test_property str",
    "Notification": "summary str, context_link str",
    "TestAnnotation": "short_text str, property_name str",
    "TestMetadataOptions": "test_name_regex str, bug_component int, owner str, cc [str], message_regex str",
    "KeyValue": "key str, value str",
    "ResultSource": "gcs_config GCSConfig, resultstore_config ResultStoreConfig",
    "GCSConfig": "gcs_prefix str, pubsub_project str, pubsub_subscription str",
    "ResultStoreConfig": "project str, query str",
    "AutoBugOptions": """
        beta_autobug_component int, auto_close bool, hotlist_ids [int], priority 0-6, hotlist_ids_from_source [any],
        file_individual bool, file_stale bool, singleton_autobug bool, max_allowed_individual_bugs int, file_overall bool,
        default_test_metadata any, advanced_test_metadata bool""",
    "Dashboard": """
        name str, dashboard_tab [DashboardTab], notifications [Notification], default_tab str, description str,
        downplay_failing_tabs bool, highlight_failing_tabs bool, highlight_today bool, show_summary_first bool""",
    "DashboardGroup": "name str, dashboard_names [str]",
    "DashboardTab": """
        name str, test_group_name str, bug_component int, code_search_path str, num_columns_recent int, base_options str,
        open_test_template LinkTemplate, file_bug_template LinkTemplate, attach_bug_template LinkTemplate,
        results_text str, results_url_template LinkTemplate, code_search_url_template LinkTemplate, description str,
        tabular_names_regex str, alert_options AlertOptions, about_dashboard_url str, open_bug_template LinkTemplate,
        auto_file_bugs bool, display_local_time bool, context_menu_template LinkTemplate, broken_column_threshold float,
        beta_autobug_options AutoBugOptions, health_analysis_options HealthAnalysisOptions,
        flakiness_alert_options FlakinessAlertOptions, column_diff_link_templates [LinkTemplate],
        status_customization_options StatusCustomizationOptions""",
    "LinkTemplate": "url str, options [KeyValue], name str",
    "AlertOptions": """
        alert_stale_results_hours int, num_failures_to_alert int, alert_mail_to_addresses str,
        num_passes_to_disable_alert int, subject str, debug_url str, debug_message str, wait_minutes_between_emails int,
        alert_mail_failure_message str""",
    "FlakinessAlertOptions": """
        minimum_flakiness_to_alert float, alert_mail_to_addresses str, subject str, wait_minutes_between_emails int,
        alert_mail_failure_message str""",
    "HealthAnalysisOptions": """
        enable bool, days_of_analysis int, email_schedule str, email_recipients str, grouping_regex str""",
    "StatusCustomizationOptions": "max_acceptable_flakiness float, min_acceptable_runs int, ignored_test_statuses [any]",
}
# What people call the messages.
WORDS = {"TestGroup": "test group", "DashboardTab": "tab", "Dashboard": "dashboard", "DashboardGroup": "dashboard group",
         "Configuration": "configuration", "Defaults": "file of defaults"}


def _parsed(fields: str) -> dict[str, str]:
    return dict(field.split() for field in fields.split(","))


MESSAGES: dict[str, dict[str, str]] = {name: _parsed(fields) for name, fields in _FIELDS.items()}
# Fields of a test group or a tab that a file of defaults fills where they are unset (config/yamlcfg/yaml2proto.go).
FILLED_TEST_GROUP = ("days_of_results", "tests_name_policy", "ignore_pending", "ignore_skip", "column_header",
                     "num_columns_recent", "alert_stale_results_hours", "num_failures_to_alert", "code_search_path",
                     "num_passes_to_disable_alert")
FILLED_TAB = ("bug_component", "code_search_path", "num_columns_recent", "open_test_template", "file_bug_template",
              "attach_bug_template", "results_text", "results_url_template", "code_search_url_template", "alert_options",
              "open_bug_template")
# The number of the mode that needs fallback_grouping_configuration_value.
BY_CONFIGURATION_VALUE = 5


def meant(key: str, message: str) -> str:
    """", did you mean KEY?" where a field of this message is like it, else empty."""
    close = get_close_matches(key, MESSAGES[message], 1, 0.75)
    return f", did you mean {close[0]}?" if close else ""
