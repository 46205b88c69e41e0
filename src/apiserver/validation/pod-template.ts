import type { PodTemplateSpec } from '../../api/core/v1/pod-template-spec.ts'
import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '../../machinery/field-error.ts'
import {
  type LabelSelectorObject,
  labelSelectorOf,
  matchesLabels,
  validateLabelSelector,
} from '../../machinery/label-selector.ts'
import { validateAnnotations, validateLabels } from './object-meta.ts'
import { validatePodSpec } from './pod-spec.ts'
import { type Errors, none } from './rules.ts'

/** The template of the pods that a controller makes. */
export function validatePodTemplate(template: PodTemplateSpec | undefined, path: string): Errors {
  if (!template) return none
  const { metadata, spec } = template
  return [
    ...validateLabels(metadata?.labels, `${path}.labels`),
    ...validateAnnotations(metadata?.annotations, `${path}.annotations`),
    ...(spec ? validatePodSpec(spec, `${path}.spec`) : [fieldRequired(`${path}.spec.containers`)]),
    ...(spec?.ephemeralContainers?.length
      ? [fieldForbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template')]
      : none),
  ]
}

/** The selector must be one, select something, and select the pods of the template. */
export function validateSelectorOfTemplate(
  selector: LabelSelectorObject | undefined,
  template: PodTemplateSpec | undefined,
  kind: string,
): Errors {
  if (!selector) return none
  const errors: FieldError[] = [...validateLabelSelector(selector, 'spec.selector')]
  const requirements = labelSelectorOf(selector)
  if (requirements.length === 0) {
    errors.push(fieldInvalid('spec.selector', selector, `empty selector is invalid for ${kind}`))
  }
  if (errors.length > 0 || !template) return errors
  const labels = template.metadata?.labels ?? {}
  if (matchesLabels(requirements, labels)) return errors
  return [fieldInvalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')]
}

/** Pods that are kept running can only be restarted always, and cannot have an end. */
export function validateLastingTemplate(template: PodTemplateSpec | undefined): Errors {
  const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? {}
  const at = 'spec.template.spec'
  const errors: FieldError[] = []
  if (restartPolicy !== undefined && restartPolicy !== 'Always') {
    errors.push(fieldNotSupported(`${at}.restartPolicy`, restartPolicy, ['Always']))
  }
  if (activeDeadlineSeconds !== undefined) {
    errors.push(fieldForbidden(`${at}.activeDeadlineSeconds`, 'activeDeadlineSeconds in ReplicaSet is not Supported'))
  }
  return errors
}
